import PostgresClient

extension FeatureFlags {
    /// One flag.
    public func find(_ key: String) async throws -> FeatureFlag? {
        try await self.list(only: key, after: "", limit: 1).first
    }

    /// Flags by name.
    /// - Parameter after: the last name of the page before.
    public func list(after: String, limit: Int) async throws -> [FeatureFlag] {
        try await self.list(only: nil, after: after, limit: limit)
    }

    private func list(only key: String?, after: String, limit: Int) async throws -> [FeatureFlag] {
        try await self.database.ask(
            """
            SELECT key, description, default_value,
                ARRAY(SELECT jsonb_object_keys(plan_values) ORDER BY 1) AS plans,
                ARRAY(SELECT value::boolean FROM jsonb_each_text(plan_values) ORDER BY key) AS values
            FROM feature_flags WHERE key > \(after) AND (\(key)::text IS NULL OR key = \(key)::text)
            ORDER BY key LIMIT \(limit)
            """
        ).map { row in
            let values = zip(try row["plans", as: [String].self], try row["values", as: [Bool].self])
            return FeatureFlag(
                key: try row["key"], description: try row["description"], defaultValue: try row["default_value"],
                planValues: Dictionary(uniqueKeysWithValues: values))
        }
    }
}
