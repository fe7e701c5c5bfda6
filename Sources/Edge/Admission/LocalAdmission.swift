import Domain
import HTTPWire
import HotStore
import NIOCore

/// Decides from memory while Redis is away, on routes whose policy is `local`, from the share that was leased before. What
/// was served is in the journal like everything else; only what it took of a month's quota is told to Redis later.
final class LocalAdmission {
    private let loop: EdgeLoop
    private var shares = LocalShares()
    private var quotas: [QuotaName: Pending] = [:]

    private struct QuotaName: Hashable {
        let orgID: String
        let environment: Domain.Environment
        let meter: String
        let month: Int
    }

    private struct Pending {
        let template: AdmissionTemplate
        var amount: Int
    }

    /// Quotas with something to be told; beyond it requests that count against a quota are denied.
    private static let pendingMax = 65_536

    init(loop: EdgeLoop) {
        self.loop = loop
    }

    /// Loops of all gateways that share the limits; 0 while there is no lease.
    var sharers: Int {
        get { self.shares.sharers }
        set { self.shares.sharers = newValue }
    }

    /// Whether this loop admits one request by itself.
    func admits(_ grant: RouteGrant, cost: Int, address: IPAddress, wallMs: Int) -> Bool {
        guard let plan = grant.template?.plan else { return false }
        guard plan.quotas.isEmpty || self.quotas.count < Self.pendingMax else { return false }
        return self.shares.admit(
            plan, cost: cost, address: plan.needsAddress ? address.description : "", quotaUsed: grant.quotaUsed,
            nowMs: wallMs)
    }

    /// A request admitted here is done. `corrections` are what its answer changed in what its admission took.
    func settle(_ corrections: [MeterCorrection], _ template: AdmissionTemplate, month: Int) {
        let plan = template.plan
        guard !plan.quotas.isEmpty else { return }
        for quota in plan.quotas {
            var change = 0
            for use in corrections where use.meter == quota.meter { change += use.isVoid ? -use.amount : use.amount }
            self.shares.count(change, of: quota.meter, plan, month: month)
            guard quota.amount + change != 0 else { continue }
            let name = QuotaName(
                orgID: plan.orgID, environment: plan.environment, meter: quota.meter, month: month)
            self.quotas[name, default: Pending(template: template, amount: 0)].amount += quota.amount + change
        }
    }

    /// Redis is back: quotas hear of what was taken meanwhile, each under a mark of its own.
    func flush() {
        guard !self.quotas.isEmpty else { return }
        let waiting = self.quotas
        self.quotas = [:]
        for (name, pending) in waiting where pending.amount != 0 {
            let id = Array("local-\(self.loop.random.next())".utf8)
            self.loop.settler.settle(
                Settlement(
                    guard: .mark(id: id, keepMs: 3_600_000),
                    quotas: [.init(meter: name.meter, amount: pending.amount, month: name.month)]),
                pending.template, address: nil)
        }
    }
}
