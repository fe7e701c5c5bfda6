public import PostgresClient

/// What makes a new entry of the audit log.
public struct NewAuditEntry: Sendable, Hashable {
    /// `aud_…`, made by the caller.
    public var id: String
    /// The org concerned; nil for the system.
    public var orgID: String?
    /// Who did it: a user's or key's id, or a name such as `system`.
    public var actor: String
    /// What was done, such as `api_key.revoke`.
    public var action: String
    /// The record it was done to.
    public var target: String
    /// The record before, as JSON.
    public var before: String?
    /// The record after, as JSON.
    public var after: String?
    /// Where the request came from.
    public var ip: String?
    /// The request.
    public var requestID: String?

    /// An entry.
    public init(
        id: String, orgID: String?, actor: String, action: String, target: String, before: String? = nil,
        after: String? = nil, ip: String? = nil, requestID: String? = nil
    ) {
        self.id = id
        self.orgID = orgID
        self.actor = actor
        self.action = action
        self.target = target
        self.before = before
        self.after = after
        self.ip = ip
        self.requestID = requestID
    }
}

/// An entry as it was written.
public struct AuditEntry: Sendable, Hashable {
    /// Its place in the chain, from 1.
    public let sequence: Int64
    /// What was entered; JSON in the server's spelling.
    public let entry: NewAuditEntry
    /// When.
    public let createdAt: PostgresInstant
    /// SHA-256 over the entry and the hash of the one before it.
    public let hash: [UInt8]
}

/// A place where the audit log is not as it was written.
public struct AuditProblem: Sendable, Hashable {
    /// Place in the chain.
    public let sequence: Int64
    /// What does not fit.
    public let problem: String

    /// A place.
    public init(sequence: Int64, problem: String) {
        self.sequence = sequence
        self.problem = problem
    }
}
