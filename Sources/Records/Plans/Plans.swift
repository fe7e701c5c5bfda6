import Domain
import PostgresClient

/// What can be bought. Changing what a plan grants raises the version of every org on it.
public struct Plans: Sendable {
    let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// Plans by code.
    /// - Parameter after: the last code of the page before.
    public func list(after: String = "", limit: Int = 1_000) async throws -> [PlanRecord] {
        // In the order of bytes, as cursors compare.
        try await self.database.ask(
            Self.select + """
                WHERE p.code COLLATE "C" > \(after) ORDER BY p.code COLLATE "C" LIMIT \(limit)
                """
        ).map(Self.plan)
    }

    /// One plan.
    public func find(_ code: String) async throws -> PlanRecord? {
        try await self.database.ask(Self.select + "WHERE p.code = \(code)").first.map(Self.plan)
    }

    /// Adds a plan, or changes the one with its code. From then on the records say what it grants, not the file.
    /// - Throws: ``RecordsError`` `refused` for values out of range.
    public func put(_ record: PlanRecord) async throws {
        let plan = record.plan
        try await self.database.ask(
            """
            INSERT INTO plans (code, name, limits, concurrency, quotas, features, price_cents, price_currency)
            VALUES (\(plan.code), \(plan.name), \(Self.json(plan.limits)), \(Self.json(plan.concurrency)),
                \(Self.json(plan.quotas)), \(plan.features), \(record.priceCents), \(record.currency))
            ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, limits = EXCLUDED.limits,
                concurrency = EXCLUDED.concurrency, quotas = EXCLUDED.quotas, features = EXCLUDED.features,
                price_cents = EXCLUDED.price_cents, price_currency = EXCLUDED.price_currency, source = 'records'
            """)
    }

    static func json(_ limits: [Limit]) -> PostgresQuery {
        """
        (SELECT coalesce(jsonb_agg(jsonb_build_object('name', name, 'scope', scope, 'capacity', capacity,
            'refill', refill, 'period_ms', period_ms, 'unit', unit) ORDER BY n), '[]')
        FROM unnest(\(limits.map(\.name)), \(limits.map(\.scope.rawValue)), \(limits.map(\.capacity)),
            \(limits.map(\.refill)), \(limits.map(\.periodMs)), \(limits.map(\.unit.rawValue)))
            WITH ORDINALITY AS l (name, scope, capacity, refill, period_ms, unit, n))
        """
    }

    static func json(_ limits: [ConcurrencyLimit]) -> PostgresQuery {
        """
        (SELECT coalesce(jsonb_agg(jsonb_build_object('name', name, 'scope', scope, 'max', max) ORDER BY n), '[]')
        FROM unnest(\(limits.map(\.name)), \(limits.map(\.scope.rawValue)), \(limits.map(\.max)))
            WITH ORDINALITY AS l (name, scope, max, n))
        """
    }

    static func json(_ quotas: [Quota]) -> PostgresQuery {
        """
        (SELECT coalesce(jsonb_agg(jsonb_build_object('meter', meter, 'per_month', per_month) ORDER BY n), '[]')
        FROM unnest(\(quotas.map(\.meter)), \(quotas.map(\.perMonth))) WITH ORDINALITY AS q (meter, per_month, n))
        """
    }

    /// The JSON lists as parallel arrays, in their order.
    private static let select: PostgresQuery = """
        SELECT p.code, p.name, p.features, p.price_cents, p.price_currency, p.source, l.*, c.*, q.*
        FROM plans p
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(x.name ORDER BY n), '{}') AS limit_names,
                coalesce(array_agg(x.scope ORDER BY n), '{}') AS limit_scopes,
                coalesce(array_agg(x.capacity ORDER BY n), '{}') AS limit_capacities,
                coalesce(array_agg(x.refill ORDER BY n), '{}') AS limit_refills,
                coalesce(array_agg(x.period_ms ORDER BY n), '{}') AS limit_periods,
                coalesce(array_agg(coalesce(x.unit, 'requests') ORDER BY n), '{}') AS limit_units
            FROM jsonb_array_elements(p.limits) WITH ORDINALITY AS e (value, n), jsonb_to_record(e.value)
                AS x (name text, scope text, capacity bigint, refill bigint, period_ms bigint, unit text)) l
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(x.name ORDER BY n), '{}') AS cap_names,
                coalesce(array_agg(x.scope ORDER BY n), '{}') AS cap_scopes,
                coalesce(array_agg(x.max ORDER BY n), '{}') AS cap_maxima
            FROM jsonb_array_elements(p.concurrency) WITH ORDINALITY AS e (value, n), jsonb_to_record(e.value)
                AS x (name text, scope text, max bigint)) c
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(x.meter ORDER BY n), '{}') AS quota_meters,
                coalesce(array_agg(x.per_month ORDER BY n), '{}') AS quota_amounts
            FROM jsonb_array_elements(p.quotas) WITH ORDINALITY AS e (value, n), jsonb_to_record(e.value)
                AS x (meter text, per_month bigint)) q

        """

    private static func plan(_ row: PostgresRow) throws -> PlanRecord {
        var plan = Plan(code: try row["code"], name: try row["name"])
        plan.features = try row["features"]
        plan.limits = try Self.limits(row)
        let (names, scopes) = (try row["cap_names", as: [String].self], try row["cap_scopes", as: [String].self])
        let maxima: [Int] = try row["cap_maxima"]
        for (index, name) in names.enumerated() {
            plan.concurrency.append(
                ConcurrencyLimit(name: name, scope: try Self.scope(scopes[index]), max: maxima[index]))
        }
        let amounts: [Int] = try row["quota_amounts"]
        plan.quotas = zip(try row["quota_meters", as: [String].self], amounts).map {
            Quota(meter: $0, perMonth: $1)
        }
        return PlanRecord(
            plan, priceCents: try row["price_cents"], currency: try row["price_currency"],
            source: PlanRecord.Source(rawValue: try row["source"]) ?? .records)
    }

    private static func limits(_ row: PostgresRow) throws -> [Limit] {
        let (names, scopes) = (try row["limit_names", as: [String].self], try row["limit_scopes", as: [String].self])
        let (capacities, refills) = (
            try row["limit_capacities", as: [Int].self], try row["limit_refills", as: [Int].self]
        )
        let (periods, units) = (try row["limit_periods", as: [Int].self], try row["limit_units", as: [String].self])
        return try names.indices.map { index in
            var limit = Limit(
                name: names[index], scope: try Self.scope(scopes[index]), capacity: capacities[index],
                refill: refills[index], periodMs: periods[index])
            limit.unit = Limit.Unit(rawValue: units[index]) ?? .requests
            return limit
        }
    }

    private static func scope(_ text: String) throws -> LimitScope {
        guard let scope = LimitScope(rawValue: text) else {
            throw RecordsError.refused(rule: "plans_limits", "`\(text)` is no scope of a limit")
        }
        return scope
    }
}
