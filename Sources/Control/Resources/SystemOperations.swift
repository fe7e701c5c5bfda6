import Records

/// The system as a whole.
enum SystemOperations {
    static let all = [Self.get, Self.setMaintenance]

    private static let package = ObjectShape(
        "CreditPackage",
        Field("code", .plainText, ""), Field("credits", .integer(0...Int64.max), ""),
        Field("price_cents", .integer(0...Int64.max), ""), Field("bonus_percent", .integer(0...Int64.max), ""))

    static let shape = ObjectShape(
        "System",
        Field("maintenance", .boolean, "Whether the edge refuses requests."),
        Field("maintenance_allowed", .list(.plainText, max: 64), "Networks whose requests pass all the same."),
        Field(
            "maintenance_expected_end", .orNull(.time), "What `Retry-After` says; maintenance does not end by itself."),
        Field("founding_member_count", .integer(0...100), ""),
        Field("total_users", .integer(0...Int64.max), "Not deleted."),
        Field("total_jobs", .integer(0...Int64.max), "Ever accepted."),
        Field("credit_packages", .list(.object(package), max: 100), ""))

    static func json(_ values: SystemConfig.Values) -> JSON {
        [
            "maintenance": .bool(values.isInMaintenance), "maintenance_allowed": .texts(values.maintenanceAllowed),
            "maintenance_expected_end": .time(values.maintenanceUntil),
            "founding_member_count": .int(values.foundingMemberCount), "total_users": .int(values.totalUsers),
            "total_jobs": .int(values.totalJobs),
            "credit_packages": .array(
                values.creditPackages.map { package in
                    [
                        "code": .string(package.code), "credits": .int(package.credits),
                        "price_cents": .int(package.priceCents), "bonus_percent": .int(package.bonusPercent),
                    ]
                }),
        ]
    }

    /// What the `ETag` is made of: the counters run by themselves.
    private static func tagged(_ json: JSON) -> JSON {
        json.without("founding_member_count", "total_users", "total_jobs")
    }

    private static let get = Operation(
        .get, "/v1/system", id: "getSystem", tag: "System", "Maintenance, counters, credit packages",
        access: .operators, answer: .record(.object(shape), hasETag: true)
    ) { call in
        let json = try await Self.json(SystemConfig(call.database).read())
        return .record(json, tagged: Self.tagged(json))
    }

    private static let setMaintenance = Operation(
        .put, "/v1/system/maintenance", id: "setMaintenance", tag: "System", "Switch maintenance mode",
        access: .operators, answer: .record(.object(shape), hasETag: true)
    ) {
        $0.isConditional = true
        $0.detail = "While it is on, the edge answers 503 to all but the networks allowed."
        $0.body = .object(
            ObjectShape(
                "Maintenance", Field("enabled", .boolean, ""),
                .optional(
                    "allowed", .list(.text(.network), max: 64),
                    """
                    Networks whose requests pass all the same; as they are if not said. Bits beyond a network's length are \
                    cleared.
                    """),
                .optional(
                    "expected_end", .orNull(.time),
                    "What `Retry-After` tells clients; 60 s if not said. Maintenance does not end by itself.")))
    } run: { call in
        let system = SystemConfig(call.database)
        let before = try await Self.json(system.read())
        try call.expect(Self.tagged(before))
        let allowed = try call.body["allowed"]?.texts.map { try Network.canonical($0, at: "/allowed") }
        try await system.setMaintenance(
            call.body["enabled"]?.bool ?? false, allowed: allowed,
            until: call.body["expected_end"]?.text.flatMap(Timestamp.parse))
        let after = try await Self.json(system.read())
        call.audit(
            "system.maintenance", "system", org: nil, before: Self.tagged(before).without("credit_packages"),
            after: Self.tagged(after).without("credit_packages"))
        return .record(after, tagged: Self.tagged(after))
    }
}
