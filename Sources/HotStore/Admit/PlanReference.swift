import Domain

/// A plan behind one reference, so that a reply can keep it for the price of one retain, with what is counted in it.
final class PlanReference: Sendable {
    let plan: AdmissionPlan
    let bucketCount: Int
    /// Levels, quotas and leases of one entry's reply.
    let valueCount: Int

    init(_ plan: AdmissionPlan) {
        self.plan = plan
        self.bucketCount = plan.bucketCount
        self.valueCount = plan.bucketCount + plan.quotas.count + plan.leases.count
    }
}
