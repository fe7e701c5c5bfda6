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

    /// An org with its usable keys; nil if there is none any more.
    public func org(_ id: String) async throws -> EdgeOrg? {
        let orgs = try await self.database.ask("SELECT * FROM edge_orgs WHERE id = \(id)").map(Self.org)
        return try await self.withKeys(orgs).first
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

    /// Every org that is not deleted, with its usable keys, in batches by id; no transaction is held in between.
    /// - Parameter orgs: orgs in a batch.
    public func scan(orgs batch: Int = 200, _ body: ([EdgeOrg]) async throws -> Void) async throws {
        var last = ""
        while true {
            let orgs = try await self.database.ask(
                "SELECT * FROM edge_orgs WHERE status <> 'deleted' AND id > \(last) ORDER BY id LIMIT \(batch)"
            ).map(Self.org)
            guard let end = orgs.last else { return }
            try await body(try await self.withKeys(orgs))
            last = end.orgID
        }
    }

    private func withKeys(_ orgs: [OrgRecord]) async throws -> [EdgeOrg] {
        guard !orgs.isEmpty else { return [] }
        let keys = try await self.database.ask(
            """
            SELECT \(EdgeKey.columns) FROM api_keys k
            WHERE k.org_id = ANY(\(orgs.map(\.orgID))) AND k.status = 'active'
                AND (k.expires_at IS NULL OR k.expires_at > now())
            ORDER BY k.id
            """
        ).map { try EdgeKey($0) }
        let byOrg = Dictionary(grouping: keys, by: \.record.orgID)
        return orgs.map { EdgeOrg(org: $0, keys: byOrg[$0.orgID] ?? []) }
    }

    private static let select: PostgresQuery =
        "SELECT \(EdgeKey.columns), o.* FROM api_keys k JOIN edge_orgs o ON o.id = k.org_id "

    private static func record(_ row: PostgresRow) throws -> EdgeRecord {
        EdgeRecord(key: try EdgeKey(row), org: try Self.org(row))
    }

    private static func org(_ row: PostgresRow) throws -> OrgRecord {
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
