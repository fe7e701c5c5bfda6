/// What being on a plan grants an org: what the edge decides by.
public struct PlanGrants: Sendable, Equatable, Hashable {
    public var limits: [Limit] = []
    public var quotas: [Quota] = []
    public var concurrency: [ConcurrencyLimit] = []
    public var features: [String] = []

    public init() {}
}

extension Plan {
    /// What it grants, without its name.
    public var grants: PlanGrants {
        var grants = PlanGrants()
        (grants.limits, grants.quotas) = (self.limits, self.quotas)
        (grants.concurrency, grants.features) = (self.concurrency, self.features)
        return grants
    }
}

extension Configuration {
    /// What an org's plan grants: as its record says. The file's plan stands in for a record that names no grants, as
    /// those of before the records held plans, and those that were published by hand.
    public func grants(of org: OrgRecord) -> PlanGrants? {
        org.grants ?? self.plan(org.plan)?.grants
    }
}
