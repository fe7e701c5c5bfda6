public import PostgresClient

/// Where an org, or a user alone, wants to be told of events.
public struct WebhookEndpoint: Sendable, Hashable {
    /// `whe_…`.
    public let id: String
    /// Whose it is; nil for one that belongs to a user alone.
    public let orgID: String?
    /// Who made it, or whose it is.
    public let userID: String?
    /// Where deliveries go.
    public let url: String
    /// What deliveries are signed with. Shown when it is made and never again; keep it out of logs and answers.
    public let secret: String
    /// Types of events, such as `job.completed`.
    public let events: [String]
    /// Whether it is told.
    public let isEnabled: Bool
    /// When it was made.
    public let createdAt: PostgresInstant
    /// When address, secret, events or `isEnabled` last changed.
    public let updatedAt: PostgresInstant
    /// When it was last told.
    public let lastTriggeredAt: PostgresInstant?
    /// What it answered.
    public let lastStatusCode: Int?

    static let columns: PostgresQuery = """
        id, org_id, user_id, url, secret, events, enabled, created_at, updated_at, last_triggered_at, last_status_code
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        self.id = try row["id"]
        self.orgID = try row["org_id"]
        self.userID = try row["user_id"]
        self.url = try row["url"]
        self.secret = try row["secret"]
        self.events = try row["events"]
        self.isEnabled = try row["enabled"]
        self.createdAt = try row["created_at"]
        self.updatedAt = try row["updated_at"]
        self.lastTriggeredAt = try row["last_triggered_at"]
        self.lastStatusCode = try row["last_status_code"]
    }
}

/// What makes a new endpoint.
public struct NewWebhookEndpoint: Sendable, Hashable {
    /// `whe_…`, made by the caller.
    public var id: String
    /// Whose it is; nil for one that belongs to a user alone.
    public var orgID: String?
    /// Who makes it, or whose it is.
    public var userID: String?
    /// `https://…`, 2048 characters at most.
    public var url: String
    /// At least 16 characters.
    public var secret: String
    /// At least one type.
    public var events: [String]

    /// An endpoint of an org.
    public init(id: String, orgID: String?, userID: String? = nil, url: String, secret: String, events: [String]) {
        self.id = id
        self.orgID = orgID
        self.userID = userID
        self.url = url
        self.secret = secret
        self.events = events
    }
}

/// What may change about an endpoint; what is nil stays.
public struct WebhookEndpointChange: Sendable, Hashable {
    /// Where deliveries go.
    public var url: String?
    /// A new secret; deliveries are signed with it from now on.
    public var secret: String?
    /// Types of events.
    public var events: [String]?
    /// Whether it is told.
    public var isEnabled: Bool?

    /// Changes nothing.
    public init() {}
}
