public import Domain
public import NIOCore

/// What alike requests bring to their template.
public struct AdmissionEntry {
    /// 1 … ``AdmissionTemplate/countMax``.
    public var count: Int
    /// Of each; nil is the plan's own.
    public var cost: Int?
    /// Where the plan needs it.
    public var address: ByteBuffer?
    /// One for each request, where the plan has leases.
    public var leaseIDs: [[UInt8]]
    /// Only with a count of 1, on a route that takes keys.
    public var claim: ClaimRequest?

    public init(
        count: Int, cost: Int? = nil, address: ByteBuffer? = nil, leaseIDs: [[UInt8]] = [],
        claim: ClaimRequest? = nil
    ) {
        self.count = count
        self.cost = cost
        self.address = address
        self.leaseIDs = leaseIDs
        self.claim = claim
    }
}
