import Domain
import Records

/// Jobs, for reading: the job service owns them.
enum JobOperations {
    static let all = [Self.list, Self.get]

    static let shape = ObjectShape("Job", fields: Self.fields)
    private static let whole = ObjectShape(
        "WholeJob",
        fields: Self.fields + [
            Field("input", .anything, ""), Field("output", .anything, "Once it succeeded."),
            Field("error", .anything, "If it failed."),
        ])

    private static let fields = [
        Field("id", .text(.id("job")), ""),
        Field("org_id", .text(.id("org")), ""),
        Field("environment", .choice(RecordText.environments), ""),
        Field("api_key_id", .orNull(.plainText), "The key it was asked for with."),
        Field("type", .plainText, ""),
        Field("status", .choice(JobRecord.Status.allCases.map(\.rawValue)), ""),
        Field("attempts", .integer(0...Int64.max), ""),
        Field("usage", .anything, "What it used, by meter."),
        Field("run_at", .time, "Not before."),
        Field("created_at", .time, ""),
        Field("started_at", .orNull(.time), "When the last attempt began."),
        Field("finished_at", .orNull(.time), ""),
    ]

    static func json(_ job: JobRecord) -> JSON {
        [
            "id": .string(job.id), "org_id": .string(job.orgID), "environment": .string(job.environment.rawValue),
            "api_key_id": .text(job.apiKeyID), "type": .string(job.type), "status": .string(job.status.rawValue),
            "attempts": .int(job.attempts), "usage": .stored(job.usage), "run_at": .time(job.runAt),
            "created_at": .time(job.createdAt), "started_at": .time(job.startedAt),
            "finished_at": .time(job.finishedAt),
        ]
    }

    private static let list = Operation(
        .get, "/v1/orgs/{org}/jobs", id: "listJobs", tag: "Jobs", "An org's jobs, newest first",
        access: .members(.member), answer: .page(of: shape)
    ) {
        $0.paging = .byName
        $0.query = [
            Parameter("status", .choice(JobRecord.Status.allCases.map(\.rawValue)), "Only those in this state."),
            Parameter("environment", .choice(RecordText.environments), "Only those of this environment."),
            Parameter("api_key_id", .text(.id("key")), "Only those asked for with this key."),
            Parameter("type", .text(.free(1...100, example: "count")), "Only those of this type."),
            Parameter("from", .time, "Accepted at this time or later."),
            Parameter("to", .time, "Accepted before this time."),
        ]
    } run: { call in
        var filter = Jobs.Filter()
        filter.status = call.query["status"]?.text.flatMap(JobRecord.Status.init(rawValue:))
        filter.environment = call.query["environment"]?.text.flatMap(Environment.init(rawValue:))
        filter.apiKeyID = call.query["api_key_id"]?.text
        filter.type = call.query["type"]?.text
        filter.from = call.query["from"]?.text.flatMap(Timestamp.parse)
        filter.until = call.query["to"]?.text.flatMap(Timestamp.parse)
        let jobs = try await Jobs(call.database).list(
            of: call.pathOrg().id, filter, before: call.lastID, limit: call.limit + 1)
        return call.page(jobs, cursor: \.id, Self.json)
    }

    private static let get = Operation(
        .get, "/v1/orgs/{org}/jobs/{job}", id: "getJob", tag: "Jobs", "A job with its input and output",
        access: .members(.member), answer: .record(.object(whole))
    ) { call in
        guard let job = try await Jobs(call.database).find(call.parameter("job"), of: call.pathOrg().id) else {
            throw AdminProblem(.resourceNotFound)
        }
        let json = Self.json(job).with("input", .stored(job.input)).with("output", .stored(job.output))
        return .record(json.with("error", .stored(job.error)))
    }
}

extension JSON {
    /// A document that PostgreSQL keeps; null for none.
    static func stored(_ text: String?) -> JSON { text.flatMap { try? JSONParser.parse(Array($0.utf8)) } ?? .null }
}

extension Call {
    /// The last id of the page before, of lists that run downwards.
    var lastID: String? { self.after.isEmpty ? nil : self.after }
}
