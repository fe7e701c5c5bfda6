import Domain
import HTTPWire
import HotStore
import NIOCore

/// Decides from memory while Redis is away, on routes whose policy is `local`: the same rules as the script, with the
/// levels that this loop has seen. What was served meanwhile is counted here and settled into Redis when it is back.
final class LocalAdmission {
    private let loop: EdgeLoop
    private var model = AdmissionModel(checksVersions: false)
    private var pending: [String: Pending] = [:]
    private var decisions = 0

    private struct Pending {
        let template: AdmissionTemplate
        var usage: [Settlement.Usage]
    }

    /// Keys with usage that waits for Redis; beyond it requests are denied instead of served uncounted.
    private static let pendingMax = 65_536
    /// Decisions after which the model starts afresh, so that it stays bounded.
    private static let decisionsMax = 1_000_000

    init(loop: EdgeLoop) {
        self.loop = loop
    }

    /// Whether this loop admits one request of `plan` by itself.
    func admits(_ plan: AdmissionPlan, cost: Int, address: IPAddress, wallMs: Int) -> Bool {
        // Caps on requests in flight and quotas need the fleet's count.
        guard plan.leases.isEmpty, self.pending.count < Self.pendingMax else { return false }
        self.decisions += 1
        if self.decisions > Self.decisionsMax { self.forget() }
        let request = AdmissionRequest(
            plan: plan, versionTag: "", cost: cost, address: plan.needsAddress ? address.description : "")
        guard case .admitted = self.model.admit(request, nowMs: wallMs).outcome else { return false }
        return true
    }

    private func forget() {
        self.model = AdmissionModel(checksVersions: false)
        self.decisions = 0
    }

    /// A request admitted here is done. `usage` is what its settlement would have added or taken back.
    func settle(_ usage: [Settlement.Usage], _ template: AdmissionTemplate) {
        let hour = self.loop.wallMs / UsagePeriod.hourMs
        let key = "\(template.plan.orgID) \(template.plan.keyID) \(template.plan.environment.rawValue)"
        var entry = self.pending[key] ?? Pending(template: template, usage: [])
        for meter in template.plan.meters {
            Self.add(.init(meter: meter.meter, amount: meter.amount, hour: hour), to: &entry.usage)
        }
        for use in usage { Self.add(use, to: &entry.usage) }
        self.pending[key] = entry
    }

    private static func add(_ use: Settlement.Usage, to list: inout [Settlement.Usage]) {
        let same = list.firstIndex { $0.meter == use.meter && $0.hour == use.hour && $0.isVoid == use.isVoid }
        if let same { list[same].amount += use.amount } else { list.append(use) }
    }

    /// Redis is back: everything counted here goes there, each key's usage under a mark of its own.
    func flush() {
        guard !self.pending.isEmpty else { return }
        let waiting = self.pending
        self.pending = [:]
        self.forget()
        for entry in waiting.values {
            let id = Array("local-\(self.loop.random.next())".utf8)
            self.loop.settler.settle(
                Settlement(guard: .mark(id: id, keepMs: 3_600_000), usage: entry.usage),
                self.loop.settler.current(entry.template), address: nil)
        }
    }
}
