public import Domain
import PostgresClient

/// What the edge needs of the records: for one key in one query, and everything for filling an empty Redis.
public struct EdgeRecords: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// The key with this hash and its org, revoked, expired or deleted too: the edge tells these apart.
    /// - Parameter keyHash: SHA-256 as 64 lower-case hex digits.
    public func find(keyHash: String) async throws -> EdgeRecord? {
        try await self.database.ask(Self.select + "WHERE k.key_hash = \(keyHash)").first.map(Self.record)
    }

    /// The key with this id and its org.
    public func find(keyID: String) async throws -> EdgeRecord? {
        try await self.database.ask(Self.select + "WHERE k.id = \(keyID)").first.map(Self.record)
    }

    /// Keys kept as bcrypt that begin with these 12 characters, with their orgs.
    public func bcryptCandidates(prefix: String, limit: Int = 16) async throws -> [EdgeRecord] {
        try await self.database.ask(
            Self.select + """
                WHERE k.key_prefix = \(prefix) AND k.hash_algorithm = 'bcrypt' AND k.status = 'active'
                ORDER BY k.id LIMIT \(limit)
                """
        ).map(Self.record)
    }

    /// Those of the keys with these ids that there are, each with its org as it was at the same instant.
    public func find(keyIDs: [String]) async throws -> [EdgeRecord] {
        try await self.database.ask(Self.select + "WHERE k.id = ANY(\(keyIDs))").map(Self.record)
    }

    /// Those of these orgs that there are, deleted ones too.
    public func orgs(_ ids: [String]) async throws -> [OrgRecord] {
        try await self.database.ask("SELECT * FROM edge_orgs WHERE id = ANY(\(ids))").map(Self.org)
    }

    /// What concerns every request.
    public func system() async throws -> SystemRecord {
        let row = try await self.database.ask(
            "SELECT maintenance_mode, maintenance_allowed::text[] AS allowed, version FROM system_config"
        ).only()
        return SystemRecord(
            isInMaintenance: try row["maintenance_mode"], maintenanceAllowed: try row["allowed"],
            version: try row["version"])
    }

    private static let select: PostgresQuery =
        "SELECT \(EdgeKey.columns), o.* FROM api_keys k JOIN edge_orgs o ON o.id = k.org_id "

    private static func record(_ row: PostgresRow) throws -> EdgeRecord {
        EdgeRecord(key: try EdgeKey(row), org: try Self.org(row))
    }

    static func org(_ row: PostgresRow) throws -> OrgRecord {
        let expiry = try row["org_expires_at", as: PostgresInstant?.self] ?? .distantFuture
        return OrgRecord(
            orgID: try row["id"], plan: try row["plan"], status: try row["status"],
            featuresOn: try row["features_on"], featuresOff: try row["features_off"],
            overrides: try Self.overrides(row),
            expiresAtMs: expiry == .distantFuture ? 0 : Int(max(1, expiry.unixMicroseconds / 1000)),
            version: try row["version"])
    }

    private static func overrides(_ row: PostgresRow) throws -> [LimitOverride] {
        let scopes: [String] = try row["override_scopes"]
        guard !scopes.isEmpty else { return [] }
        let subjects: [String] = try row["override_keys"]
        let names: [String?] = try row["override_names"]
        let capacities: [Int] = try row["override_capacities"]
        let refills: [Int] = try row["override_refills"]
        let periods: [Int] = try row["override_periods"]
        return scopes.indices.compactMap { index in
            LimitScope(rawValue: scopes[index]).map { scope in
                LimitOverride(
                    scope: scope, subject: subjects[index], limit: names[index], capacity: capacities[index],
                    refill: refills[index], periodMs: periods[index])
            }
        }
    }
}
