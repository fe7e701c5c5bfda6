public import Domain
import PostgresClient

/// Looking through keys, and changing them.
extension APIKeys {
    /// Which keys a list shows.
    public struct Filter: Sendable, Hashable {
        /// Only live ones, or only test ones.
        public var environment: Environment?
        /// Only those in this state.
        public var status: KeyRecord.Status?
        /// Only those of this user.
        public var userID: String?
        /// Only those that begin with these 12 characters.
        public var prefix: String?

        /// All keys.
        public init() {}
    }

    /// An org's keys by id, which is by age.
    /// - Parameter after: the last id of the page before.
    public func list(of orgID: String, _ filter: Filter, after: String, limit: Int) async throws -> [APIKey] {
        // Said as a range, so that PostgreSQL does not look for the org's keys among all keys by age: an org's keys are
        // often of one time, and not spread evenly as it supposes.
        let place: PostgresQuery =
            if filter.prefix == nil, filter.userID == nil {
                "(org_id, id) > (\(orgID), \(after)) AND org_id <= \(orgID)"
            } else {
                "org_id = \(orgID) AND id > \(after)"
            }
        return try await self.database.ask(
            """
            SELECT \(APIKey.columns) FROM api_keys
            WHERE \(place)
                AND (\(filter.environment?.rawValue)::text IS NULL
                    OR environment = \(filter.environment?.rawValue)::text)
                AND (\(filter.status?.rawValue)::text IS NULL OR status = \(filter.status?.rawValue)::text)
                AND (\(filter.userID)::text IS NULL OR user_id = \(filter.userID)::text)
                AND (\(filter.prefix)::text IS NULL OR key_prefix = \(filter.prefix)::text)
            ORDER BY org_id, id LIMIT \(limit)
            """
        ).map { try APIKey($0) }
    }

    /// Changes name, scopes and networks; nil leaves one as it is.
    /// - Returns: the key; nil if the org has none with this id.
    public func change(
        _ id: String, of orgID: String, name: String?, scopes: [String]?, allowedAddresses: [String]? = nil
    ) async throws -> APIKey? {
        try await self.database.ask(
            """
            UPDATE api_keys SET name = coalesce(\(name)::text, name), scopes = coalesce(\(scopes)::text[], scopes),
                allowed_addresses = coalesce(\(allowedAddresses)::text[]::cidr[], allowed_addresses)
            WHERE id = \(id) AND org_id = \(orgID) RETURNING \(APIKey.columns)
            """
        ).first.map { try APIKey($0) }
    }
}
