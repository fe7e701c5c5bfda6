public import Domain

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
