import PostgresClient

extension Plans {
    /// Removes a plan that no org was ever on.
    /// - Returns: false if there is none.
    /// - Throws: ``RecordsError`` `refused` while orgs, deleted ones too, name it.
    public func remove(_ code: String) async throws -> Bool {
        let used = try await self.database.ask("SELECT EXISTS (SELECT 1 FROM orgs WHERE plan = \(code)) AS used").only()
        guard try !used["used", as: Bool.self] else {
            throw RecordsError.refused(rule: "orgs_plan_fkey", "orgs are on the plan \(code)")
        }
        return try await self.database.ask("DELETE FROM plans WHERE code = \(code)").affected > 0
    }
}
