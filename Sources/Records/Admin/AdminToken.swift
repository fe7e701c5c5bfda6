public import PostgresClient

/// A credential for the admin API as it is kept: never the token itself.
public struct AdminToken: Sendable, Hashable {
    /// Whom a token speaks for.
    public enum Kind: String, Sendable, PostgresEncodable, PostgresDecodable {
        /// Whoever runs the installation: may do everything.
        case `operator`
        /// One user in one org.
        case member
    }

    /// `tok_…`.
    public let id: String
    /// Whom it speaks for.
    public let kind: Kind
    /// The org; nil for operators.
    public let orgID: String?
    /// The user; nil for operators.
    public let userID: String?
    /// For people.
    public let name: String
    /// The token's first 12 characters.
    public let prefix: String
    /// When it was made.
    public let createdAt: PostgresInstant
    /// From when on it is refused.
    public let expiresAt: PostgresInstant
    /// Last use, to the minute.
    public let lastUsedAt: PostgresInstant?
    /// When it was revoked.
    public let revokedAt: PostgresInstant?

    static let columns: PostgresQuery = """
        t.id, t.kind, t.org_id, t.user_id, t.name, t.token_prefix, t.created_at, t.expires_at, t.last_used_at, \
        t.revoked_at
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        self.id = try row["id"]
        self.kind = try row["kind"]
        self.orgID = try row["org_id"]
        self.userID = try row["user_id"]
        self.name = try row["name"]
        self.prefix = try row["token_prefix"]
        self.createdAt = try row["created_at"]
        self.expiresAt = try row["expires_at"]
        self.lastUsedAt = try row["last_used_at"]
        self.revokedAt = try row["revoked_at"]
    }
}

/// What makes a new token.
public struct NewAdminToken: Sendable, Hashable {
    /// `tok_…`, made by the caller.
    public var id: String
    /// Org and user that it speaks for; nil makes an operator's.
    public var seat: Seat?
    /// For people.
    public var name: String
    /// SHA-256 of the token as 64 lower-case hex digits.
    public var hash: String
    /// The token's first 12 characters.
    public var prefix: String
    /// How long it lives.
    public var lifetime: Duration

    /// A user's place in an org.
    public struct Seat: Sendable, Hashable {
        /// The org.
        public var orgID: String
        /// The user.
        public var userID: String

        /// A place.
        public init(orgID: String, userID: String) {
            self.orgID = orgID
            self.userID = userID
        }
    }

    /// A token.
    public init(id: String, seat: Seat?, name: String, hash: String, prefix: String, lifetime: Duration) {
        self.id = id
        self.seat = seat
        self.name = name
        self.hash = hash
        self.prefix = prefix
        self.lifetime = lifetime
    }
}
