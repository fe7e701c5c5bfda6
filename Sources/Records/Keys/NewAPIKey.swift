public import Domain
public import PostgresClient

/// What makes a new key.
public struct NewAPIKey: Sendable, Hashable {
    /// `key_…`, made by the caller.
    public var id: String
    /// Whose it is.
    public var orgID: String
    /// The user it speaks for.
    public var userID: String?
    /// For people.
    public var name: String
    /// What is kept of it.
    public var material: KeyMaterial
    /// Live or test.
    public var environment: Environment
    /// What it may do.
    public var scopes: [String]
    /// From when on it is refused; nil is never.
    public var expiresAt: PostgresInstant?
    /// Networks that it may be used from, `10.0.0.0/8`; none means anywhere.
    public var allowedAddresses: [String]

    /// A key that never expires and has no scopes, unless told otherwise.
    public init(
        id: String, orgID: String, userID: String? = nil, name: String = "", material: KeyMaterial,
        environment: Environment, scopes: [String] = [], expiresAt: PostgresInstant? = nil,
        allowedAddresses: [String] = []
    ) {
        self.id = id
        self.orgID = orgID
        self.userID = userID
        self.name = name
        self.material = material
        self.environment = environment
        self.scopes = scopes
        self.expiresAt = expiresAt
        self.allowedAddresses = allowedAddresses
    }
}
