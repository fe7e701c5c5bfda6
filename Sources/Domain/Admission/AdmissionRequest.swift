/// One or more requests of one principal to one route that are alike in all that limits look at.
public struct AdmissionRequest: Sendable, Equatable {
    public var plan: AdmissionPlan
    /// What the gateway believes to be the org's version.
    public var versionTag: String
    public var count: Int
    public var cost: Int
    /// The client's; empty where the plan does not ask for it.
    public var address: String
    /// One for each request, where the plan has leases.
    public var leaseIDs: [[UInt8]]
    /// Only with a count of 1.
    public var claim: ClaimRequest?

    public init(
        plan: AdmissionPlan, versionTag: String, count: Int = 1, cost: Int? = nil, address: String = "",
        leaseIDs: [[UInt8]] = [], claim: ClaimRequest? = nil
    ) {
        self.plan = plan
        self.versionTag = versionTag
        self.count = count
        self.cost = cost ?? plan.cost
        self.address = address
        self.leaseIDs = leaseIDs
        self.claim = claim
    }
}
