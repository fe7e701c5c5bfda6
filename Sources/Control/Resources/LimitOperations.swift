import Domain
import Records

/// Overrides of limits, and how full the buckets are.
enum LimitOperations {
    static let all = [Self.list, Self.put, Self.remove, Self.levels]

    static let shape = ObjectShape(
        "LimitOverride",
        Field("id", .plainText, ""),
        Field("scope", .choice(LimitScope.allCases.map(\.rawValue)), ""),
        Field("subject", .plainText, "The key, user, org, address or route."),
        Field("limit", .orNull(.text(.limitName)), "The limit; null replaces every limit of the scope."),
        Field("capacity", .integer(1...Int64.max), ""),
        Field("refill", .integer(0...Int64.max), "Tokens that flow in each period."),
        Field("period_ms", .integer(1...Int64.max), ""),
        Field("created_at", .time, ""))

    static func json(_ entry: RateLimitOverrides.Entry) -> JSON {
        let override = entry.override
        return [
            "id": .string(String(entry.id)), "scope": .string(override.scope.rawValue),
            "subject": .string(override.subject), "limit": .text(override.limit), "capacity": .int(override.capacity),
            "refill": .int(override.refill), "period_ms": .int(override.periodMs), "created_at": .time(entry.createdAt),
        ]
    }

    private static let list = Operation(
        .get, "/v1/orgs/{org}/limit-overrides", id: "listLimitOverrides", tag: "Limits",
        "Overrides of the plan's limits", access: .members(.member), answer: .page(of: shape)
    ) {
        $0.paging = .byNumber
    } run: { call in
        let entries = try await RateLimitOverrides(call.database).entries(
            of: call.pathOrg().id, after: Int64(call.after) ?? 0, limit: call.limit + 1)
        return call.page(entries, cursor: { String($0.id) }, Self.json)
    }

    private static let put = Operation(
        .put, "/v1/orgs/{org}/limit-overrides", id: "putLimitOverride", tag: "Limits",
        "Set the override for a scope, subject and limit", access: .operators, answer: .record(.object(shape))
    ) {
        $0.body = .object(
            ObjectShape(
                "NewLimitOverride",
                Field("scope", .choice(LimitScope.allCases.map(\.rawValue)), ""),
                .optional(
                    "subject", .text(.free(1...200, example: "key_01JABCDEFGHJKMNPQRSTVWXYZ0")),
                    "The key, user, address or route; the org where the scope is `org`."),
                .optional("limit", .orNull(.text(.limitName)), "null replaces every limit of the scope."),
                Field("capacity", .integer(1...PlanOperations.tokensMax), ""),
                Field("refill", .integer(1...PlanOperations.tokensMax), "Tokens that flow in each period."),
                .optional("period_ms", .integer(1...PlanOperations.periodMsMax), "", fallback: 1_000)
            ).puttingBack(Self.shape))
    } run: { call in
        let org = try call.pathOrg()
        guard let scope = LimitScope(rawValue: try call.text("scope")) else { throw AdminProblem(.internalError) }
        guard let subject = call.body["subject"]?.text ?? (scope == .org ? org.id : nil),
            scope != .org || subject == org.id
        else {
            throw AdminProblem(.conflict, detail: "Say whom it concerns (subject); with the scope `org`, this org.")
        }
        let override = LimitOverride(
            scope: scope, subject: subject, limit: call.body["limit"]?.text, capacity: try call.integer("capacity"),
            refill: try call.integer("refill"), periodMs: Int(call.body["period_ms"]?.integer ?? 1_000))
        try PlanOperations.check(
            Limit(
                name: override.limit ?? "all", scope: scope, capacity: override.capacity, refill: override.refill,
                periodMs: override.periodMs), at: "")
        let overrides = RateLimitOverrides(call.database)
        let before = try await overrides.entry(scope: scope, subject: subject, limit: override.limit, of: org.id)
        // One that was read and given another scope, subject or limit would be a second one beside the first.
        try call.expectReadOnly(before.map(Self.json) ?? ["id": .null])
        try await overrides.put(override, of: org.id)
        let after = try await overrides.entry(scope: scope, subject: subject, limit: override.limit, of: org.id)
        guard let after else { throw AdminProblem(.internalError) }
        call.audit(
            "limit_override.put", "\(scope.rawValue):\(subject)", org: org.id, before: before.map(Self.json),
            after: Self.json(after))
        return .record(Self.json(after))
    }

    private static let remove = Operation(
        .delete, "/v1/orgs/{org}/limit-overrides/{override}", id: "deleteLimitOverride", tag: "Limits",
        "Take an override away", access: .operators, answer: .nothing
    ) { call in
        let org = try call.pathOrg()
        guard let id = Int64(try call.parameter("override")),
            let entry = try await RateLimitOverrides(call.database).remove(id, of: org.id)
        else { throw AdminProblem(.resourceNotFound) }
        call.audit(
            "limit_override.delete", "\(entry.override.scope.rawValue):\(entry.override.subject)", org: org.id,
            before: Self.json(entry))
        return .nothing
    }

    // MARK: Levels

    private static let level = ObjectShape(
        "BucketLevel",
        Field("limit", .plainText, ""), Field("scope", .choice(LimitScope.allCases.map(\.rawValue)), ""),
        Field("subject", .plainText, ""),
        Field("source", .plainText, "`base`, or `route:` and the route."),
        Field("capacity", .integer(0...Int64.max), ""), Field("remaining", .integer(0...Int64.max), "Whole tokens."),
        Field("full_in_ms", .integer(0...Int64.max), ""))
    private static let inFlight = ObjectShape(
        "InFlight",
        Field("limit", .plainText, ""), Field("scope", .choice(LimitScope.allCases.map(\.rawValue)), ""),
        Field("subject", .plainText, ""), Field("max", .integer(0...Int64.max), ""),
        Field("now", .integer(0...Int64.max), ""))
    private static let quota = ObjectShape(
        "QuotaLevel",
        Field("meter", .plainText, ""), Field("per_month", .integer(0...Int64.max), ""),
        Field("used", .integer(0...Int64.max), "This month."))

    private static let levels = Operation(
        .get, "/v1/orgs/{org}/keys/{key}/limits", id: "getKeyLimits", tag: "Limits",
        "How full the buckets are that a key's next request meets", access: .members(.member),
        answer: .record(
            .object(
                ObjectShape(
                    "LimitLevels", Field("route", .plainText, ""),
                    Field("buckets", .list(.object(level), max: 1_000), ""),
                    Field("in_flight", .list(.object(inFlight), max: 1_000), ""),
                    Field("quotas", .list(.object(quota), max: 1_000), ""))))
    ) {
        $0.query = [
            Parameter("route", .text(.free(1...200, example: "jobs")), "The route's id; the first route if not said.")
        ]
        $0.detail = "Read from Redis as they are, without taking anything. Limits by address are not shown."
    } run: { call in
        guard let record = try await EdgeRecords(call.database).find(keyID: call.parameter("key")),
            record.org.orgID == (try call.pathOrg().id)
        else { throw AdminProblem(.resourceNotFound) }
        let routes = call.stores.configuration.routes
        let wanted = call.query["route"]?.text
        guard let route = wanted.map({ id in routes.first { $0.id == id } }) ?? routes.first else {
            throw AdminProblem(.resourceNotFound, detail: "There is no such route.")
        }
        return .record(try await LimitLevels(call.stores).read(record, route: route))
    }
}
