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

    /// Keys by id, each with its org; those that are gone are left out.
    public func find(keyIDs: [String]) async throws -> [EdgeRecord] {
        guard !keyIDs.isEmpty else { return [] }
        return try await self.database.ask(Self.select + "WHERE k.id = ANY(\(keyIDs))").map(Self.record)
    }

    /// Keys by the hexadecimal SHA-256 of the key, whatever their status, each with its org.
    public func find(keyHashes: [String]) async throws -> [EdgeRecord] {
        guard !keyHashes.isEmpty else { return [] }
        return try await self.database.ask(Self.select + "WHERE k.key_hash = ANY(\(keyHashes))").map(Self.record)
    }

    /// Those of these hashes whose keys may be used: what ``EdgeScan`` gives.
    public func usable(keyHashes: [String]) async throws -> Set<String> {
        guard !keyHashes.isEmpty else { return [] }
        return Set(
            try await self.database.ask(
                """
                SELECT k.key_hash FROM api_keys k JOIN orgs o ON o.id = k.org_id
                WHERE k.key_hash = ANY(\(keyHashes)) AND k.status = 'active' AND o.deleted_at IS NULL
                    AND (k.expires_at IS NULL OR k.expires_at > now())
                """
            ).map { try $0["key_hash", as: String.self] })
    }

    /// Where ``unusableKeys(ofOrgs:after:limit:)`` goes on.
    public struct KeyPlace: Sendable, Hashable {
        public var orgID: String
        public var keyID: String
        public var hash: String
    }

    /// Keys of these orgs that are revoked or have expired, in the order of org and key.
    public func unusableKeys(
        ofOrgs ids: [String], after place: KeyPlace?, limit: Int
    ) async throws -> [KeyPlace] {
        guard !ids.isEmpty else { return [] }
        return try await self.database.ask(
            """
            SELECT k.org_id, k.id, k.key_hash FROM api_keys k
            WHERE k.org_id = ANY(\(ids)) AND (k.org_id, k.id) > (\(place?.orgID ?? ""), \(place?.keyID ?? ""))
                AND k.hash_algorithm = 'sha256' AND (k.status <> 'active' OR k.expires_at <= now())
            ORDER BY k.org_id, k.id LIMIT \(limit)
            """
        ).map { KeyPlace(orgID: try $0["org_id"], keyID: try $0["id"], hash: try $0["key_hash"]) }
    }

    /// Orgs by id, deleted ones too; those that are gone are left out.
    public func orgs(_ ids: [String]) async throws -> [OrgRecord] {
        guard !ids.isEmpty else { return [] }
        return try await self.database.ask("SELECT * FROM edge_orgs WHERE id = ANY(\(ids))").map(Self.org)
    }

    /// Versions of orgs, and whether they are deleted; those that are gone are left out.
    public func versions(ofOrgs ids: [String]) async throws -> [String: (version: Int64, isDeleted: Bool)] {
        guard !ids.isEmpty else { return [:] }
        var versions: [String: (version: Int64, isDeleted: Bool)] = [:]
        for row in try await self.database.ask(
            "SELECT id, version, deleted_at IS NOT NULL AS gone FROM orgs WHERE id = ANY(\(ids))")
        {
            versions[try row["id"]] = (try row["version"], try row["gone"])
        }
        return versions
    }

    /// Raises an org's version above one that the edge has seen, and tells of it. Only a database that was put back needs it.
    public func raise(orgID: String, above version: Int64) async throws {
        try await self.database.ask(
            """
            WITH raised AS (
                UPDATE orgs SET version = \(version) + 1 WHERE id = \(orgID) AND version <= \(version)
                RETURNING id, version)
            INSERT INTO outbox (org_id, kind, payload)
                SELECT id, 'org', jsonb_build_object('version', version) FROM raised
            """)
    }

    /// As ``raise(orgID:above:)``, of the system's record.
    public func raiseSystem(above version: Int64) async throws {
        try await self.database.ask(
            "UPDATE system_state SET version = \(version) + 1 WHERE version <= \(version)")
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

    /// What concerns every request.
    public func system() async throws -> SystemRecord {
        let row = try await self.database.ask(
            """
            SELECT maintenance_mode, maintenance_allowed::text[] AS allowed, maintenance_until, version
            FROM system_config
            """
        ).only()
        let until = try row["maintenance_until", as: PostgresInstant?.self]
        return SystemRecord(
            isInMaintenance: try row["maintenance_mode"], maintenanceAllowed: try row["allowed"],
            maintenanceUntilMs: until.map { Int(max(1, $0.unixMicroseconds / 1_000)) } ?? 0,
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
            overrides: try Self.overrides(row), grants: try Self.grants(row),
            expiresAtMs: expiry == .distantFuture ? 0 : Int(max(1, expiry.unixMicroseconds / 1000)),
            version: try row["version"])
    }

    private static func grants(_ row: PostgresRow) throws -> PlanGrants {
        let grants = PlanGrants(
            limits: try row["edge_limits"], quotas: try row["edge_quotas"], caps: try row["edge_caps"],
            features: try row["edge_features"])
        guard let grants else {
            throw RecordsError.refused(rule: "plans_limits", "what the plan grants cannot be read")
        }
        return grants
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
