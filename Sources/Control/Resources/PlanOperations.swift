import Domain
import Records

/// What can be bought.
enum PlanOperations {
    static let all = [Self.list, Self.get, Self.put, Self.remove]

    static let shape = ObjectShape(
        "Plan", fields: [Field("code", .text(.planCode), "")] + Self.content + [Self.price, Self.currency, Self.source])

    private static let scopes = LimitScope.allCases.map(\.rawValue)
    // What the configuration file may say of a plan can be said here too.
    /// The longest period of a limit: ten years.
    static let periodMsMax: Int64 = RecordText.secondsMax * 1_000
    static let tokensMax: Int64 = 1_000_000_000_000

    private static let limit = ObjectShape(
        "Limit",
        Field("name", .text(.limitName), "In `RateLimit` fields and overrides."),
        Field("scope", .choice(scopes), "Whom the bucket counts together."),
        Field("capacity", .integer(1...tokensMax), "Tokens at most."),
        Field("refill", .integer(1...tokensMax), "Tokens that flow in each period."),
        Field("period_ms", .integer(1...periodMsMax), ""),
        .optional(
            "unit", .choice(["requests", "cost"]), "What a request takes: one token, or its cost.", fallback: "requests"
        ))
    private static let concurrency = ObjectShape(
        "ConcurrencyLimit",
        Field("name", .text(.limitName), ""), Field("scope", .choice(scopes), ""),
        Field("max", .integer(1...1_000_000), "Requests in flight."))
    private static let quota = ObjectShape(
        "Quota",
        Field("meter", .text(.meter), ""),
        Field("per_month", .integer(0...9_007_199_254_740_991), "Of a calendar month, UTC."))

    private static let content = [
        Field("name", .text(.free(1...100, example: "Pro")), ""),
        Field("limits", .list(.object(limit), max: 32), ""),
        Field("concurrency", .list(.object(concurrency), max: 32), ""),
        Field("quotas", .list(.object(quota), max: 32), ""),
        Field("features", .list(.text(.flagKey), max: 100), ""),
    ]
    private static let price = Field(
        "price_cents", .orNull(.integer(0...1_000_000_000_000)), "A month; null is agreed upon with each customer.")
    private static let currency = Field(
        "currency", .text(.characters("a-z", 3...3, expected: "an ISO 4217 code in lower case", example: "usd")), "")

    private static let source = Field(
        "source", .choice(PlanRecord.Source.allCases.map(\.rawValue)),
        "Who has said last what it grants: nobody, the configuration file, or the records, which the file never overrules."
    )

    static func json(_ record: PlanRecord) -> JSON {
        let plan = record.plan
        return [
            "code": .string(plan.code), "name": .string(plan.name),
            "limits": .array(
                plan.limits.map { limit in
                    [
                        "name": .string(limit.name), "scope": .string(limit.scope.rawValue),
                        "capacity": .int(limit.capacity), "refill": .int(limit.refill),
                        "period_ms": .int(limit.periodMs), "unit": .string(limit.unit.rawValue),
                    ]
                }),
            "concurrency": .array(
                plan.concurrency.map { limit in
                    ["name": .string(limit.name), "scope": .string(limit.scope.rawValue), "max": .int(limit.max)]
                }),
            "quotas": .array(plan.quotas.map { ["meter": .string($0.meter), "per_month": .int($0.perMonth)] }),
            "features": .texts(plan.features), "price_cents": .int(record.priceCents),
            "currency": .string(record.currency), "source": .string(record.source.rawValue),
        ]
    }

    private static let list = Operation(
        .get, "/v1/plans", id: "listPlans", tag: "Plans", "Plans by code", access: .authenticated,
        answer: .page(of: shape)
    ) {
        $0.paging = .byName
    } run: { call in
        let plans = try await Plans(call.database).list(after: call.after, limit: call.limit + 1)
        return call.page(plans, cursor: \.plan.code, Self.json)
    }

    private static let get = Operation(
        .get, "/v1/plans/{plan}", id: "getPlan", tag: "Plans", "A plan", access: .authenticated,
        answer: .record(.object(shape), hasETag: true)
    ) { call in
        guard let plan = try await Plans(call.database).find(call.parameter("plan")) else {
            throw AdminProblem(.resourceNotFound)
        }
        let json = Self.json(plan)
        return .record(json, tagged: json)
    }

    private static let put = Operation(
        .put, "/v1/plans/{plan}", id: "putPlan", tag: "Plans", "Add a plan, or replace what it grants",
        access: .operators, answer: .record(.object(shape), hasETag: true)
    ) {
        $0.isConditional = true
        $0.detail =
            "Concerns every org on it, from the next request on. Buckets keep their levels, cut off at a new capacity."
        $0.body = .object(
            ObjectShape(
                "PlanContent",
                fields: Self.content.map {
                    $0.name == "name" ? $0 : .optional($0.name, $0.schema, $0.description, fallback: [])
                }
                    + [
                        .optional("price_cents", Self.price.schema, Self.price.description),
                        .optional("currency", Self.currency.schema, "", fallback: "usd"),
                    ]
            ).puttingBack(Self.shape, passingOver: "source"))
    } run: { call in
        let code = try call.parameter("plan")
        let plans = Plans(call.database)
        let before = try await plans.find(code).map(Self.json)
        try call.expect(before ?? .null)
        try call.expectReadOnly(["code": .string(code)])
        var plan = Plan(code: code, name: try call.text("name"))
        plan.limits = try Self.limits(call.body["limits"]?.elements ?? [])
        plan.concurrency = (call.body["concurrency"]?.elements ?? []).map { json in
            ConcurrencyLimit(
                name: json["name"]?.text ?? "", scope: Self.scope(json), max: Int(json["max"]?.integer ?? 1))
        }
        plan.quotas = (call.body["quotas"]?.elements ?? []).map {
            Quota(meter: $0["meter"]?.text ?? "", perMonth: Int($0["per_month"]?.integer ?? 0))
        }
        plan.features = call.body["features"]?.texts ?? []
        try Self.check(plan, beside: call.stores.configuration.limits)
        let price = call.body["price_cents"]?.integer.map { Int($0) }
        try await plans.put(PlanRecord(plan, priceCents: price, currency: call.body["currency"]?.text ?? "usd"))
        guard let after = try await plans.find(code).map(Self.json) else { throw AdminProblem(.internalError) }
        call.audit("plan.put", code, org: nil, before: before, after: after)
        return .record(after, tagged: after)
    }

    private static let remove = Operation(
        .delete, "/v1/plans/{plan}", id: "deletePlan", tag: "Plans", "Remove a plan that no org was ever on",
        access: .operators, answer: .nothing
    ) {
        $0.isConditional = true
    } run: { call in
        let code = try call.parameter("plan")
        guard let before = try await Plans(call.database).find(code).map(Self.json) else {
            throw AdminProblem(.resourceNotFound)
        }
        try call.expect(before)
        guard try await Plans(call.database).remove(code) else { throw AdminProblem(.resourceNotFound) }
        call.audit("plan.delete", code, org: nil, before: before)
        return .nothing
    }

    private static func scope(_ json: JSON) -> LimitScope {
        json["scope"]?.text.flatMap(LimitScope.init(rawValue:)) ?? .org
    }

    /// - Throws: 422 for numbers that no bucket can count exactly.
    private static func limits(_ elements: [JSON]) throws -> [Limit] {
        try elements.enumerated().map { index, json in
            var limit = Limit(
                name: json["name"]?.text ?? "", scope: Self.scope(json), capacity: Int(json["capacity"]?.integer ?? 1),
                refill: Int(json["refill"]?.integer ?? 1), periodMs: Int(json["period_ms"]?.integer ?? 1))
            limit.unit = json["unit"]?.text.flatMap(Limit.Unit.init(rawValue:)) ?? .requests
            try Self.check(limit, at: "/limits/\(index)")
            return limit
        }
    }

    /// What no admission could tell apart or decide together.
    ///
    /// - Parameter limits: those of the file, which share their state with the plan's.
    /// - Throws: 422.
    private static func check(_ plan: Plan, beside limits: [Limit]) throws {
        try Self.checkNames(plan.limits.map { "\($0.scope) \($0.name)" }, in: "limits")
        try Self.checkNames(plan.concurrency.map { "\($0.scope) \($0.name)" }, in: "concurrency")
        try Self.checkNames(plan.quotas.map(\.meter), in: "quotas")
        try Self.checkNames(plan.features, in: "features")
        for scope in LimitScope.allCases {
            let count = (limits + plan.limits).count { $0.scope == scope }
            guard count > BucketGroup.bucketsMax else { continue }
            throw AdminProblem(
                .validationFailed,
                errors: [
                    FieldError(
                        place: .pointer("/limits"),
                        detail: "\(count) limits of scope \(scope.rawValue) with those of the configuration file; "
                            + "\(BucketGroup.bucketsMax) at most")
                ])
        }
    }

    private static func checkNames(_ names: [String], in list: String) throws {
        var seen: Set<String> = []
        let twice = names.indices.filter { !seen.insert(names[$0]).inserted }
        guard !twice.isEmpty else { return }
        throw AdminProblem(
            .validationFailed,
            errors: twice.map {
                FieldError(place: .pointer("/\(list)/\($0)"), detail: "there is one like it before: \(names[$0])")
            })
    }

    /// - Throws: 422.
    static func check(_ limit: Limit, at pointer: String) throws {
        do {
            _ = try BucketRule(limit)
        } catch {
            throw AdminProblem(
                .validationFailed, errors: [FieldError(place: .pointer(pointer), detail: "\(error)")])
        }
    }
}
