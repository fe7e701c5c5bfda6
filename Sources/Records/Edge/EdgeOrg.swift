public import Domain

/// An org with all keys that can still be used: what is published together.
public struct EdgeOrg: Sendable, Equatable {
    /// The org.
    public var org: OrgRecord
    /// Keys that are neither revoked nor expired, by id. Read after the org, so never older than its version.
    public var keys: [EdgeKey]

    /// An org with keys.
    public init(org: OrgRecord, keys: [EdgeKey]) {
        self.org = org
        self.keys = keys
    }
}

/// A key with its org: what one request needs.
public struct EdgeRecord: Sendable, Equatable {
    /// The key, whatever its status.
    public var key: EdgeKey
    /// Its org, whatever its status.
    public var org: OrgRecord

    /// A key with its org.
    public init(key: EdgeKey, org: OrgRecord) {
        self.key = key
        self.org = org
    }
}
