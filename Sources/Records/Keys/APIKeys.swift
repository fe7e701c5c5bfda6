public import PostgresClient

/// API keys. A change takes effect at every edge with the next request: it raises the org's version and is in the
/// outbox, in the same transaction.
public struct APIKeys: Sendable {
    let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// Adds a key.
    /// - Throws: ``RecordsError`` `taken` (`key`, `id`), `missing` (org, user), `refused`.
    public func insert(_ key: NewAPIKey) async throws -> APIKey {
        try await self.insert(key, replacing: nil)
    }

    /// An org's keys, oldest first.
    public func list(of orgID: String, includingRevoked: Bool = false) async throws -> [APIKey] {
        try await self.database.ask(
            """
            SELECT \(APIKey.columns) FROM api_keys
            WHERE org_id = \(orgID) AND (revoked_at IS NULL OR \(includingRevoked)) ORDER BY id
            """
        ).map { try APIKey($0) }
    }

    /// A key of an org.
    public func find(_ id: String, of orgID: String) async throws -> APIKey? {
        try await self.database.ask(
            "SELECT \(APIKey.columns) FROM api_keys WHERE id = \(id) AND org_id = \(orgID)"
        ).first.map { try APIKey($0) }
    }

    /// The key with this hash.
    public func find(hash: String) async throws -> APIKey? {
        try await self.database.ask("SELECT \(APIKey.columns) FROM api_keys WHERE key_hash = \(hash)")
            .first.map { try APIKey($0) }
    }

    /// Keys kept as bcrypt that begin with these 12 characters: those that a presented key must be tried against.
    public func bcryptCandidates(prefix: String, limit: Int = 16) async throws -> [APIKey] {
        try await self.database.ask(
            """
            SELECT \(APIKey.columns) FROM api_keys
            WHERE key_prefix = \(prefix) AND hash_algorithm = 'bcrypt' AND status = 'active' ORDER BY id LIMIT \(limit)
            """
        ).map { try APIKey($0) }
    }

    /// Notes the SHA-256 of a key kept as bcrypt, at its first use; from then on it is found by it.
    /// - Parameter sha256: 64 lower-case hex digits.
    /// - Returns: false if that was done before, or the key is gone.
    /// - Throws: ``RecordsError`` `taken` if the same key exists a second time.
    public func upgrade(_ id: String, sha256: String) async throws -> Bool {
        try await self.database.ask(
            """
            UPDATE api_keys SET key_hash = \(sha256), hash_algorithm = 'sha256'
            WHERE id = \(id) AND hash_algorithm = 'bcrypt'
            """
        ).affected > 0
    }

    /// Revokes a key for good; a revoked one stays as it is.
    /// - Returns: the key; nil if the org has none with this id.
    public func revoke(_ id: String, of orgID: String) async throws -> APIKey? {
        try await self.database.ask(
            """
            UPDATE api_keys SET status = 'revoked', revoked_at = coalesce(revoked_at, now())
            WHERE id = \(id) AND org_id = \(orgID) RETURNING \(APIKey.columns)
            """
        ).first.map { try APIKey($0) }
    }

    /// Sets the networks that a key may be used from; none means anywhere.
    /// - Returns: the key; nil if the org has none with this id.
    /// - Throws: ``RecordsError`` `refused` for more than 64 networks; `PostgresError` for a text that is none.
    public func setAllowedAddresses(_ id: String, of orgID: String, _ networks: [String]) async throws -> APIKey? {
        try await self.database.ask(
            """
            UPDATE api_keys SET allowed_addresses = \(networks)::text[]::cidr[]
            WHERE id = \(id) AND org_id = \(orgID) RETURNING \(APIKey.columns)
            """
        ).first.map { try APIKey($0) }
    }

    /// Replaces a key: the new one has its name, environment, scopes, networks and user and shares its limits; the old one goes
    /// on until the grace period ends, or until it would have ended anyway.
    /// - Throws: ``RecordsError`` `missing` if the org has no such key in force, `taken(rotated_from)` if it was
    ///   replaced before.
    public func rotate(
        _ id: String, of orgID: String, to newID: String, _ material: KeyMaterial, grace: Duration,
        expiresAt: PostgresInstant? = nil
    ) async throws -> (new: APIKey, old: APIKey) {
        try await self.database.together { session in
            let seconds = Double(grace.components.seconds)
            let replaced = try await session.ask(
                """
                UPDATE api_keys SET expires_at = least(expires_at, now() + make_interval(secs => \(seconds)))
                WHERE id = \(id) AND org_id = \(orgID) AND status = 'active' AND (expires_at IS NULL OR expires_at > now())
                RETURNING \(APIKey.columns)
                """)
            guard let row = replaced.first else { throw RecordsError.missing("active key \(id)") }
            let old = try APIKey(row)
            let key = NewAPIKey(
                id: newID, orgID: orgID, userID: old.userID, name: old.name, material: material,
                environment: old.environment, scopes: old.scopes, expiresAt: expiresAt,
                allowedAddresses: old.allowedAddresses)
            return (try await APIKeys(session).insert(key, replacing: id), old)
        }
    }

    /// Notes when keys were last used; an older time than the one kept changes nothing.
    public func touch(_ uses: [(id: String, at: PostgresInstant)]) async throws {
        guard !uses.isEmpty else { return }
        _ = try await self.database.together { session in
            try await session.ask(
                """
                UPDATE api_keys SET last_used_at = latest.at
                FROM (
                    SELECT id, max(at) AS at FROM unnest(\(uses.map(\.id)), \(uses.map(\.at))) AS used (id, at) GROUP BY id
                ) latest
                WHERE api_keys.id = latest.id AND (last_used_at IS NULL OR last_used_at < latest.at)
                """)
        }
    }

    private func insert(_ key: NewAPIKey, replacing: String?) async throws -> APIKey {
        try APIKey(
            try await self.database.ask(
                """
                INSERT INTO api_keys (id, org_id, user_id, name, key_hash, hash_algorithm, key_prefix, environment,
                    scopes, expires_at, rotated_from, allowed_addresses)
                VALUES (\(key.id), \(key.orgID), \(key.userID), \(key.name), \(key.material.hash),
                    \(key.material.algorithm), \(key.material.prefix), \(key.environment), \(key.scopes),
                    \(key.expiresAt), \(replacing),
                    \(key.allowedAddresses)::text[]::cidr[])
                RETURNING \(APIKey.columns)
                """
            ).only())
    }
}
