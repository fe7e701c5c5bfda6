public import PostgresClient

/// The billing entity: who keys, usage and credits belong to.
public struct Org: Sendable, Hashable {
    /// Whether its requests are served.
    public enum Status: String, Sendable, CaseIterable, PostgresEncodable, PostgresDecodable {
        /// Served.
        case active
        /// Refused until it is active again.
        case suspended
    }

    /// `org_…`.
    public let id: String
    /// For people.
    public let name: String
    /// For addresses; unique.
    public let slug: String
    /// Code of its plan.
    public let plan: String
    /// Stripe's id, once there is one.
    public let stripeCustomerID: String?
    /// Made by signing up.
    public let isPersonal: Bool
    /// Whether its requests are served.
    public let status: Status
    /// Rises with every change that the edge must see.
    public let version: Int64
    /// When it was made.
    public let createdAt: PostgresInstant
    /// From when on its keys are refused; nil is never.
    public let expiresAt: PostgresInstant?
    /// When it was deleted.
    public let deletedAt: PostgresInstant?

    static let columns: PostgresQuery = """
        orgs.id, orgs.name, orgs.slug, orgs.plan, orgs.stripe_customer_id, orgs.personal, orgs.status, orgs.version, \
        orgs.created_at, orgs.expires_at, orgs.deleted_at
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        self.id = try row["id"]
        self.name = try row["name"]
        self.slug = try row["slug"]
        self.plan = try row["plan"]
        self.stripeCustomerID = try row["stripe_customer_id"]
        self.isPersonal = try row["personal"]
        self.status = try row["status"]
        self.version = try row["version"]
        self.createdAt = try row["created_at"]
        self.expiresAt = try row["expires_at"]
        self.deletedAt = try row["deleted_at"]
    }
}

/// What makes a new org.
public struct NewOrg: Sendable, Hashable {
    /// `org_…`, made by the caller.
    public var id: String
    /// 1 to 200 characters.
    public var name: String
    /// Lower-case words and digits with single hyphens between, 63 at most.
    public var slug: String
    /// Code of an existing plan.
    public var plan: String

    /// A new org on the plan `FREE` unless told otherwise.
    public init(id: String, name: String, slug: String, plan: String = "FREE") {
        self.id = id
        self.name = name
        self.slug = slug
        self.plan = plan
    }
}
