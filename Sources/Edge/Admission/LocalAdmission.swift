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
    private var limits: [LocalShares.LimitName: [BucketRule]] = [:]

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
    var sharers: Int { self.shares.sharers }

    /// This loop has 1/`sharers` from now on. Returns whether nothing was missing in any bucket.
    func share(among sharers: Int, isStocked: Bool, nowMs: Int) -> Bool {
        self.shares.share(among: sharers, isStocked: isStocked, nowMs: nowMs)
    }

    func storeIsAway(_ isAway: Bool, nowMs: Int) { self.shares.storeIsAway(isAway, nowMs: nowMs) }

    /// Whether this loop admits one request by itself.
    func admits(_ grant: RouteGrant, cost: Int, address: IPAddress) -> Bool {
        guard let plan = grant.template?.plan else { return false }
        guard plan.quotas.isEmpty || self.quotas.count < Self.pendingMax else { return false }
        return self.shares.admit(
            plan, cost: cost, address: plan.needsAddress ? address.description : "", quotaUsed: grant.quotaUsed,
            nowMs: self.loop.nowMs, month: self.loop.period.month)
    }

    // MARK: The bound

    /// What this loop may admit of one bucket without Redis, and what it has admitted.
    struct Figure: Sendable {
        var bound = 0.0
        var spent = 0

        static func += (left: inout Figure, right: Figure) {
            left.bound += right.bound
            left.spent += right.spent
        }
    }

    /// Notes which limits the routes have that decide without Redis.
    func follow(_ configuration: Configuration) {
        self.limits = [:]
        for route in configuration.routes where route.storeFailure == .local {
            for limit in configuration.limits + route.limits + configuration.plans.flatMap(\.limits) {
                // One that cannot be counted is refused where it is used.
                guard let rule = try? BucketRule(limit) else { continue }
                self.limits[LocalShares.LimitName(routeID: route.id, limit: limit.name), default: []].append(rule)
            }
        }
    }

    /// By route and limit. Where plans or overrides have limits of one name, the largest counts.
    func figures(nowMs: Int) -> [LocalShares.LimitName: Figure] {
        var figures: [LocalShares.LimitName: Figure] = [:]
        for (name, rules) in self.limits {
            figures[name] = Figure(bound: rules.map { self.shares.bound($0, nowMs: nowMs) }.max() ?? 0)
        }
        for (name, spending) in self.shares.spent {
            figures[name, default: Figure()].spent = spending.tokens
            let bound = self.shares.bound(spending.rule, nowMs: nowMs)
            if bound > figures[name]?.bound ?? 0 { figures[name]?.bound = bound }
        }
        return figures
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
