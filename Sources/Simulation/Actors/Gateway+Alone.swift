import Domain
import Edge
import RedisClient

/// Whose view of its quotas the store told last.
struct QuotaView: Hashable {
    let principal: Int
    let route: Scenario.RouteKind

    init(_ exchange: Exchange) {
        self.principal = exchange.operation.principal
        self.route = exchange.operation.route
    }
}

/// Without the store: whether it is asked at all, what is spent meanwhile, and what a lost answer may have had.
extension Gateway {
    // MARK: The breaker

    /// The store's time for a decision is over, either way.
    func waited(_ exchange: Exchange) {
        guard let sinceUs = exchange.waitingSinceUs else { return }
        exchange.waitingSinceUs = nil
        // A process that stood still has made its requests wait by itself.
        guard self.process.pausedUntilUs <= sinceUs else { return }
        let us = self.world.scheduler.nowUs - sinceUs
        exchange.waitedUs += us
        self.world.ledger.waited(exchange, forUs: us)
    }

    /// What is left of the deadline for those who wait so; nil when they have waited for as long as they may.
    func leftUs(_ wait: inout StoreWait) -> Int? {
        wait.begin(nowNs: self.nowNs)
        let deadlineUs = Scenario.Times.storeDeadlineMs * 1_000
        if self.world.plant == .deadlinePerQuestion { return deadlineUs }
        let leftUs = wait.leftNs(of: deadlineUs * 1_000, nowNs: self.nowNs) / 1_000
        return leftUs > 0 ? leftUs : nil
    }

    var nowNs: Int { self.world.scheduler.nowUs * 1_000 }

    /// A call that was given little time says little of the store.
    func noteStore(_ answer: StoreLink.Answer, withinUs: Int) {
        if case .failed = answer, StoreWait.isLate(leftNs: withinUs, of: Scenario.Times.storeDeadlineMs * 1_000) {
            return
        }
        self.noteStore(answer)
    }

    private func noteStore(_ answer: StoreLink.Answer) {
        switch answer {
        case .reply: self.breaker.succeeded()
        case .failed(.deadlineExceeded), .failed(.protocolError):
            guard self.breaker.failed(nowMs: self.nowMs) else { return }
            self.note { "asks the store no more" }
            self.probeSoon()
        case .failed: break
        }
    }

    private func probeSoon() {
        guard self.world.plant != .probeForgotten else { return }
        self.after(50) {
            if self.breaker.probeDue(nowMs: self.nowMs) { self.probe() }
            if !self.breaker.allowsRequests { self.probeSoon() }
        }
    }

    private func probe() {
        let failure = self.link.send(.ping) { answer in
            guard case .reply = answer else { return self.breaker.probeFailed(nowMs: self.nowMs) }
            self.breaker.probeSucceeded()
            self.note { "asks the store again" }
        }
        if failure != nil { self.breaker.probeFailed(nowMs: self.nowMs) }
    }

    // MARK: The share

    func beginSharing() {
        switch self.world.plant {
        case .shareWithoutLease: self.shares.share(among: 1, isStocked: true, nowMs: self.nowMs)
        default: self.renewShare()
        }
    }

    /// As the edge's GatewayEnrolment.
    private func renewShare() {
        guard self.world.isBusy else { return }
        self.after(self.lease.intervalMs) { self.renewShare() }
        guard self.link.isReady, !self.isEnrolling, let run = self.link.runID else { return }
        for gateway in self.gone { _ = self.link.send(.giveUpShare(gateway)) { _ in } }
        self.gone = []
        self.isEnrolling = true
        let renewal = self.lease.renewal(run: run)
        let failure = self.link.send(.enrol(renewal, gateway: self.journal.id)) { answer in
            self.isEnrolling = false
            guard case .reply(.share(let grant)) = answer else { return self.lease.unanswered() }
            guard var change = self.lease.granted(grant) else { return }
            if self.world.plant == .shareFilledAgain, self.lease.divisor == 0 { change.isStocked = true }
            let wereFull = self.shares.share(
                among: change.divisor, isStocked: change.isStocked, nowMs: self.nowMs)
            self.lease.changed(change, wereFull: wereFull)
        }
        guard failure != nil else { return }
        self.isEnrolling = false
        self.lease.unanswered()
    }

    func admitsAlone(_ exchange: Exchange, _ plan: AdmissionPlan) -> Bool {
        let admits = self.shares.admit(
            plan, cost: plan.cost, quotaUsed: self.quotaUsed[QuotaView(exchange)] ?? [], nowMs: self.nowMs,
            month: UsagePeriod(atMs: self.wallMs).month)
        if admits { self.world.ledger.locallyAdmitted(plan) }
        return admits
    }

    /// As the edge's LocalAdmission: quotas hear later of what was taken without the store.
    func settleAlone(_ exchange: Exchange, _ meter: MeterOutcome) {
        guard let plan = exchange.plan else { return }
        let month = UsagePeriod(atMs: self.wallMs).month
        for quota in plan.quotas {
            let change = meter == .void ? -quota.amount : 0
            self.shares.count(change, of: quota.meter, plan, month: month)
            guard quota.amount + change != 0 else { continue }
            self.quotaTaken[month, default: 0] += quota.amount + change
        }
        self.tickSoon()
    }

    /// The store is back.
    func tellQuotas() {
        let waiting = self.quotaTaken
        self.quotaTaken = [:]
        for (month, amount) in waiting.sorted(by: { $0.key < $1.key }) {
            let plan = self.world.scenario.plan(0, .chat)
            let id = Array("alone\(self.world.nextNumber())".utf8)
            self.send(
                SettlementUnderWay(
                    Settlement(
                        guard: .mark(id: id, keepMs: 3_600_000),
                        quotas: [.init(meter: Scenario.requestsMeter, amount: amount, month: month)]),
                    plan, request: 0, words: "\(amount) of the quota of \(month)"))
        }
    }

    // MARK: Lost answers

    /// A call whose answer was lost may have been executed: what it had is given back.
    func undo(_ exchange: Exchange, _ failure: RedisFailure) {
        switch failure {
        case .notConnected, .queueFull, .nothingEncoded, .serverError: return
        case .deadlineExceeded, .connectionLost, .protocolError: break
        }
        guard self.world.plant != .undoForgotten else { return }
        self.undoClaim(exchange, month: UsagePeriod(atMs: self.wallMs).month)
        guard self.world.plant == .undoneTwice, let plan = exchange.plan, exchange.claim != nil else { return }
        self.send(
            SettlementUnderWay(
                Settlement(
                    guard: .mark(id: Array("again\(exchange.number)".utf8), keepMs: 3_600_000),
                    quotas: [
                        .init(
                            meter: Scenario.requestsMeter, amount: -1, month: UsagePeriod(atMs: self.wallMs).month)
                    ]), plan, request: exchange.number, words: "req \(exchange.number) again"))
    }

    /// As the edge's: nothing will be forwarded under what was granted.
    func undoClaim(_ exchange: Exchange, month: Int) {
        guard let plan = exchange.plan else { return }
        let claim = exchange.claim
        guard claim != nil || exchange.leaseID != nil else { return }
        let quotas = claim == nil ? [] : plan.quotas.filter { $0.amount > 0 }
        self.send(
            SettlementUnderWay(
                Settlement(
                    guard: claim.map { .claim($0, .release) } ?? .none, leaseID: exchange.leaseID,
                    quotas: quotas.map { .init(meter: $0.meter, amount: -$0.amount, month: month) }),
                plan, request: exchange.number, words: "what req \(exchange.number) may have had"))
    }
}
