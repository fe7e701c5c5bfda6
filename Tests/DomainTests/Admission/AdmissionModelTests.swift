import Domain
import Testing

/// What the model promises by itself; that the scripts keep the same promises is HotStoreTests' matter.
struct AdmissionModelTests {
    private let nowMs = 1_763_700_000_000

    private func plan(_ capacity: Int) throws -> AdmissionPlan {
        let rule = try BucketRule(
            Limit(name: "burst", scope: .key, capacity: capacity, refill: 1, periodMs: 1_000))
        return AdmissionPlan(
            orgID: "o", environment: .live, keyID: "k", lineageID: "k", routeID: "r",
            groups: [BucketGroup(scope: .key, subject: "k", source: .base, rules: [rule])],
            quotas: [.init(meter: "jobs", limit: 100, amount: 3)],
            leases: [.init(name: "flight", scope: .key, subject: "k", source: .base, max: 2)], leaseMs: 1_000)
    }

    private func ask(_ plan: AdmissionPlan, _ ids: [UInt8]) -> AdmissionRequest {
        AdmissionRequest(plan: plan, versionTag: "", count: ids.count, leaseIDs: ids.map { [$0] })
    }

    @Test func `it admits what fits under everything, and counts it`() throws {
        var model = AdmissionModel()
        model.versions["o"] = ""
        let plan = try self.plan(10)
        let result = model.admit(self.ask(plan, [1, 2, 3]), nowMs: self.nowMs)
        #expect(result.outcome == .admitted(2))
        #expect(result.leases == [2])
        #expect(model.admit(self.ask(plan, [4]), nowMs: self.nowMs).outcome == .refused)
        #expect(model.admit(self.ask(plan, [5]), nowMs: self.nowMs + 1_000).outcome == .admitted(1))
        #expect(Array(model.quotas.values) == [9])
        var strict = AdmissionModel()
        #expect(strict.admit(self.ask(plan, [1]), nowMs: self.nowMs).outcome == .stale)
    }
}
