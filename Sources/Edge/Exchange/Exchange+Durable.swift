import Domain
import HotStore
import NIOCore

/// Keys of durable routes: after Redis has granted a claim, PostgreSQL is asked as well, and only its word lets the
/// request go on. So a Redis that has forgotten a key (restarted empty, an older file, a replica that lagged) costs a
/// round trip, never a second execution.
extension Exchange {
    /// Redis has granted the claim.
    func askDurable() {
        guard let claim = self.durableClaim, let durable = self.loop.durableKeys else {
            return self.durableRefused(.limiterUnavailable)
        }
        let deadlineMs = self.route?.idempotency?.durableDeadlineMs ?? 0
        self.expect(.durable, withinMs: deadlineMs)
        let bound = NIOLoopBound(self, eventLoop: self.loop.eventLoop)
        durable.claim(claim, deadlineMs) { verdict in
            bound.eventLoop.execute { bound.value.durableAnswered(verdict, to: claim) }
        }
    }

    var durableClaim: DurableClaim? {
        guard let route, let policy = route.idempotency, policy.durable, let request = self.claimRequest,
            let plan = self.grant?.template?.plan, let rule = plan.claims
        else { return nil }
        return DurableClaim(
            orgID: plan.orgID, environment: plan.environment, apiKeyID: rule.scope == .apiKey ? plan.keyID : "",
            request: request, claimMs: rule.claimMs, keepMs: rule.retentionMs, mayRepeat: policy.upstreamIdempotent)
    }

    private func durableAnswered(_ verdict: DurableVerdict, to claim: DurableClaim) {
        guard self.waitsFor == .durable, self.claimRequest == claim.request else {
            // Too late: the request was refused, and what it was granted is given back.
            if verdict == .claimed { self.loop.durableKeys?.settle(.init(claim: claim, ending: .release)) }
            return
        }
        switch verdict {
        case .claimed:
            self.isDurable = true
            self.goOn()
        case .finished(let result, let first):
            // Stored in Redis it would look like an answer to this request, so the claim is given back: what Redis has
            // forgotten is replayed from PostgreSQL, with the id of the request that was executed. Nothing is counted.
            self.undoClaim(.release, month: UsagePeriod(atMs: self.decidedAtMs).month)
            self.replay(StoredReply(result), first: first)
        case .inProgress(let first): self.durableRefused(.idempotencyInProgress, original: first)
        case .keyReused(let first): self.durableRefused(.idempotencyKeyReused, original: first)
        case .outcomeUnknown(let first): self.durableRefused(.idempotencyOutcomeUnknown, original: first)
        case .unavailable: self.durableRefused(.limiterUnavailable)
        }
    }

    /// No answer in time. Should it come later, it finds nobody and undoes itself; should this gateway die before, what it
    /// has written down here undoes it.
    func durableTimedOut() {
        if let claim = self.durableClaim { self.loop.durableKeys?.settle(.init(claim: claim, ending: .release)) }
        self.durableRefused(.limiterUnavailable)
    }

    private func durableRefused(_ code: ProblemCode, original: [UInt8]? = nil) {
        self.expectNothing()
        self.undoClaim(.release, month: UsagePeriod(atMs: self.decidedAtMs).month)
        switch code {
        case .idempotencyKeyReused: self.decision = .mismatch
        case .limiterUnavailable: self.decision = .unavailable
        default: self.decision = .inProgress
        }
        guard let original else { return self.refuseAdmitted(code, ProblemDetails()) }
        self.refuseDecided(code, original: original)
    }

    /// The request has ended: PostgreSQL is told what Redis is told. Before the last byte of the answer goes out it is
    /// written down, so whoever has seen the answer whole will find it under its key again.
    func settleDurable(_ action: Settlement.ClaimAction) {
        guard self.isDurable, let claim = self.durableClaim else { return }
        self.isDurable = false
        switch action {
        case .release: self.loop.durableKeys?.settle(.init(claim: claim, ending: .release))
        case .store(let result): self.loop.durableKeys?.settle(.init(claim: claim, ending: .store(result)))
        }
    }

    /// The request still runs.
    func prolongDurable() {
        guard self.isDurable, let claim = self.durableClaim else { return }
        self.loop.durableKeys?.settle(.init(claim: claim, ending: .prolong))
    }
}
