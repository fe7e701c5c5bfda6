import PostgresClient

/// Feature flags: the org's override counts first, then the plan's value, then what the plan grants, then the default.
public struct FeatureFlags: Sendable {
    let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// All flags by name.
    public func list() async throws -> [FeatureFlag] {
        try await self.database.ask(
            """
            SELECT key, description, default_value,
                ARRAY(SELECT jsonb_object_keys(plan_values) ORDER BY 1) AS plans,
                ARRAY(SELECT value::boolean FROM jsonb_each_text(plan_values) ORDER BY key) AS values
            FROM feature_flags ORDER BY key
            """
        ).map { row in
            let values = zip(try row["plans", as: [String].self], try row["values", as: [Bool].self])
            return FeatureFlag(
                key: try row["key"], description: try row["description"], defaultValue: try row["default_value"],
                planValues: Dictionary(uniqueKeysWithValues: values))
        }
    }

    /// Adds a flag, or changes the one with its name; raises the version of every org.
    /// - Throws: ``RecordsError`` `refused`.
    public func put(_ flag: FeatureFlag) async throws {
        let plans = flag.planValues.keys.sorted()
        try await self.database.ask(
            """
            INSERT INTO feature_flags (key, description, default_value, plan_values)
            VALUES (\(flag.key), \(flag.description), \(flag.defaultValue), (
                SELECT coalesce(jsonb_object_agg(plan, value), '{}')
                FROM unnest(\(plans), \(plans.map { flag.planValues[$0] })) AS v (plan, value)))
            ON CONFLICT (key) DO UPDATE SET description = EXCLUDED.description,
                default_value = EXCLUDED.default_value, plan_values = EXCLUDED.plan_values
            """)
    }

    /// Removes a flag with its overrides.
    /// - Returns: false if there was none.
    public func remove(_ key: String) async throws -> Bool {
        try await self.database.ask("DELETE FROM feature_flags WHERE key = \(key)").affected > 0
    }

    /// An org's own values, by flag.
    public func overrides(of orgID: String) async throws -> [String: Bool] {
        let rows = try await self.database.ask(
            "SELECT flag_key, value FROM feature_flag_overrides WHERE org_id = \(orgID)")
        return try rows.reduce(into: [:]) { $0[try $1["flag_key", as: String.self]] = try $1["value", as: Bool.self] }
    }

    /// Sets an org's own value; nil takes it away.
    /// - Throws: ``RecordsError`` `missing` for the flag or the org.
    public func setOverride(_ value: Bool?, of key: String, for orgID: String) async throws {
        guard let value else {
            try await self.database.ask(
                "DELETE FROM feature_flag_overrides WHERE flag_key = \(key) AND org_id = \(orgID)")
            return
        }
        try await self.database.ask(
            """
            INSERT INTO feature_flag_overrides (flag_key, org_id, value) VALUES (\(key), \(orgID), \(value))
            ON CONFLICT (org_id, flag_key) DO UPDATE SET value = EXCLUDED.value
            """)
    }
}
