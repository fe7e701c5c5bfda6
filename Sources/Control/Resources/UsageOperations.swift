import Domain
import PostgresClient
import Records

/// Metered usage.
enum UsageOperations {
    static let all = [Self.sums, Self.sheet]

    static let shape = ObjectShape(
        "UsageSum",
        Field("start", .time, "Start of the hour, day or month, in UTC."),
        Field("environment", .choice(RecordText.environments), ""),
        Field("meter", .plainText, "What was counted."),
        Field("api_key_id", .orNull(.plainText), "The key, where asked by key."),
        Field("quantity", .integer(0...Int64.max), ""))

    static func json(_ sum: UsageSum) -> JSON {
        [
            "start": .time(sum.start), "environment": .string(sum.environment.rawValue), "meter": .string(sum.meter),
            "api_key_id": .text(sum.apiKeyID), "quantity": .integer(sum.quantity),
        ]
    }

    private static let parameters = [
        Parameter("from", .time, "First hour, inclusive; the start of this month if not said."),
        Parameter("to", .time, "End, exclusive; now if not said."),
        Parameter("step", .choice(UsageQuery.Step.allCases.map(\.rawValue)), "Length of the sums; month if not said."),
        Parameter("meter", .text(.meter), "Only this meter."),
        Parameter("environment", .choice(RecordText.environments), "Only of this environment."),
        Parameter("api_key_id", .text(.id("key")), "Only this key's."),
        Parameter("by_key", .boolean, "A sum for each key."),
    ]

    private static let detail = "Usage is here a second or two after the request."

    private static let sums = Operation(
        .get, "/v1/orgs/{org}/usage", id: "getUsage", tag: "Usage", "Usage by hour, day or month, and meter",
        access: .members(.member), answer: .page(of: shape)
    ) {
        $0.detail = Self.detail
        $0.paging = .byName
        $0.query = Self.parameters
    } run: { call in
        var query = try Self.query(call)
        query.limit = call.limit + 1
        if !call.after.isEmpty {
            guard let last = UsageCursor.sum(call.after) else {
                throw AdminProblem(.resourceNotFound, detail: "There is no such page (cursor).")
            }
            query.after = last
        }
        return try await call.page(Usage(call.database).sums(query), cursor: UsageCursor.text, Self.json)
    }

    private static let sheet = Operation(
        .get, "/v1/orgs/{org}/usage.csv", id: "getUsageCSV", tag: "Usage", "The same as a table (RFC 4180)",
        access: .members(.member), answer: Answer(status: 200, schema: .plainText, mediaTypes: ["text/csv"])
    ) {
        $0.detail = Self.detail + " At most \(Self.rowsMax) rows: beyond that, ask for a shorter time."
        $0.query = Self.parameters
    } run: { call in
        var query = try Self.query(call)
        query.limit = Self.rowsMax + 1
        let sums = try await Usage(call.database).sums(query)
        guard sums.count <= Self.rowsMax else {
            let detail = "more than \(Self.rowsMax) rows; ask for a shorter time, or for longer steps"
            throw AdminProblem(.invalidRequest, errors: [FieldError(place: .parameter("from"), detail: detail)])
        }
        return .text(UsageSheet.text(sums), type: "text/csv; charset=utf-8; header=present")
    }

    /// What one answer holds in memory without harm.
    private static let rowsMax = 100_000

    private static func query(_ call: Call) throws -> UsageQuery {
        let now = PostgresInstant.now
        var query = UsageQuery(
            orgID: try call.pathOrg().id,
            from: call.query["from"]?.text.flatMap(Timestamp.parse) ?? UsageCursor.startOfMonth(now),
            until: call.query["to"]?.text.flatMap(Timestamp.parse) ?? now,
            step: call.query["step"]?.text.flatMap(UsageQuery.Step.init(rawValue:)) ?? .month)
        query.meter = call.query["meter"]?.text
        query.environment = call.query["environment"]?.text.flatMap(Environment.init(rawValue:))
        query.apiKeyID = call.query["api_key_id"]?.text
        query.isByKey = call.query["by_key"]?.bool == true
        return query
    }
}
