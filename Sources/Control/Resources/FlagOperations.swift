import Records

/// Switches that gate routes and limits.
enum FlagOperations {
    static let all = [
        Self.list, Self.get, Self.put, Self.remove, Self.evaluate, Self.setOverride, Self.removeOverride,
    ]

    static let shape = ObjectShape(
        "Flag",
        Field("key", .text(.flagKey), ""),
        Field("description", .plainText, ""),
        Field("default", .boolean, "Where nothing else says so."),
        Field("plan_values", .map(names: .planCode, .boolean, max: 100), "By code of the plan."))

    static func json(_ flag: FeatureFlag) -> JSON {
        [
            "key": .string(flag.key), "description": .string(flag.description), "default": .bool(flag.defaultValue),
            "plan_values": .object(
                flag.planValues.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .bool($0.value)) }),
        ]
    }

    private static let list = Operation(
        .get, "/v1/flags", id: "listFlags", tag: "Flags", "Feature flags by name", access: .authenticated,
        answer: .page(of: shape)
    ) {
        $0.paging = .byName
    } run: { call in
        let flags = try await FeatureFlags(call.database).list(after: call.after, limit: call.limit + 1)
        return call.page(flags, cursor: \.key, Self.json)
    }

    private static let get = Operation(
        .get, "/v1/flags/{flag}", id: "getFlag", tag: "Flags", "A feature flag", access: .authenticated,
        answer: .record(.object(shape), hasETag: true)
    ) { call in
        let json = try await Self.json(Self.find(call))
        return .record(json, tagged: json)
    }

    private static let put = Operation(
        .put, "/v1/flags/{flag}", id: "putFlag", tag: "Flags", "Add a flag, or replace its values", access: .operators,
        answer: .record(.object(shape), hasETag: true)
    ) {
        $0.isConditional = true
        $0.detail = "Concerns every org at once."
        $0.body = .object(
            ObjectShape(
                "FlagContent",
                .optional("description", .text(.free(0...500)), "", fallback: ""),
                .optional("default", .boolean, "", fallback: false),
                .optional(
                    "plan_values", .map(names: .planCode, .boolean, max: 100), "By code of the plan.", fallback: [:])
            ).puttingBack(Self.shape))
    } run: { call in
        let key = try call.parameter("flag")
        let flags = FeatureFlags(call.database)
        let before = try await flags.find(key).map(Self.json)
        try call.expect(before ?? .null)
        try call.expectReadOnly(["key": .string(key)])
        let values = (call.body["plan_values"]?.members ?? []).map { ($0.name, $0.value.bool ?? false) }
        let flag = FeatureFlag(
            key: key, description: call.body["description"]?.text ?? "",
            defaultValue: call.body["default"]?.bool ?? false, planValues: Dictionary(uniqueKeysWithValues: values))
        try await flags.put(flag)
        let after = Self.json(flag)
        call.audit("flag.put", key, org: nil, before: before, after: after)
        return .record(after, tagged: after)
    }

    private static let remove = Operation(
        .delete, "/v1/flags/{flag}", id: "deleteFlag", tag: "Flags", "Remove a flag with its overrides",
        access: .operators, answer: .nothing
    ) {
        $0.isConditional = true
    } run: { call in
        let before = try await Self.json(Self.find(call))
        try call.expect(before)
        let key = try call.parameter("flag")
        guard try await FeatureFlags(call.database).remove(key) else { throw AdminProblem(.resourceNotFound) }
        call.audit("flag.delete", key, org: nil, before: before)
        return .nothing
    }

    // MARK: Of an org

    private static let decision = ObjectShape(
        "FlagDecision",
        Field("key", .text(.flagKey), ""), Field("value", .boolean, "What the org gets."),
        Field("reason", .choice(FlagDecision.Reason.allCases.map(\.rawValue)), "What decided."),
        Field("override", .orNull(.boolean), "The org's own value."),
        Field("plan_value", .orNull(.boolean), "The flag's value for the org's plan."),
        Field("plan_feature", .boolean, "Whether the plan lists it."),
        Field("default", .boolean, ""))

    private static let evaluate = Operation(
        .get, "/v1/orgs/{org}/flags", id: "evaluateFlags", tag: "Flags", "What an org gets of every flag, and why",
        access: .members(.member), answer: .page(of: decision)
    ) {
        $0.paging = .byName
        $0.detail =
            "The org's own value counts first, then the flag's value for the plan, then what the plan lists, then the default."
    } run: { call in
        let org = try call.pathOrg()
        let flags = try await FeatureFlags(call.database).list(after: call.after, limit: call.limit + 1)
        let overrides = try await FeatureFlags(call.database).overrides(of: org.id)
        let features = try await Plans(call.database).find(org.plan)?.plan.features ?? []
        return call.page(flags, cursor: \.key) { flag in
            let decision = FlagDecision(flag, plan: (org.plan, features), override: overrides[flag.key])
            return [
                "key": .string(flag.key), "value": .bool(decision.value), "reason": .string(decision.reason.rawValue),
                "override": overrides[flag.key].map(JSON.bool) ?? .null,
                "plan_value": flag.planValues[org.plan].map(JSON.bool) ?? .null,
                "plan_feature": .bool(features.contains(flag.key)), "default": .bool(flag.defaultValue),
            ]
        }
    }

    private static let override = ObjectShape("FlagOverride", Field("value", .boolean, "For this org."))

    private static let setOverride = Operation(
        .put, "/v1/orgs/{org}/flags/{flag}", id: "setFlagOverride", tag: "Flags", "Give an org its own value",
        access: .operators, answer: .record(.object(override))
    ) {
        $0.body = .object(Self.override)
    } run: { call in
        let org = try call.pathOrg()
        let key = try await Self.find(call).key
        let before = try await FeatureFlags(call.database).overrides(of: org.id)[key]
        let value = call.body["value"]?.bool ?? false
        try await FeatureFlags(call.database).setOverride(value, of: key, for: org.id)
        call.audit(
            "flag_override.put", key, org: org.id, before: before.map { ["value": .bool($0)] },
            after: ["value": .bool(value)])
        return .record(["value": .bool(value)])
    }

    private static let removeOverride = Operation(
        .delete, "/v1/orgs/{org}/flags/{flag}", id: "deleteFlagOverride", tag: "Flags", "Take an org's own value away",
        access: .operators, answer: .nothing
    ) { call in
        let org = try call.pathOrg()
        let key = try call.parameter("flag")
        guard let before = try await FeatureFlags(call.database).overrides(of: org.id)[key] else {
            throw AdminProblem(.resourceNotFound)
        }
        try await FeatureFlags(call.database).setOverride(nil, of: key, for: org.id)
        call.audit("flag_override.delete", key, org: org.id, before: ["value": .bool(before)])
        return .nothing
    }

    private static func find(_ call: Call) async throws -> FeatureFlag {
        guard let flag = try await FeatureFlags(call.database).find(call.parameter("flag")) else {
            throw AdminProblem(.resourceNotFound)
        }
        return flag
    }
}
