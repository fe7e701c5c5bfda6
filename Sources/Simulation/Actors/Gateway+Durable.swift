import Domain
import Edge

/// Keys of durable routes, as the edge's Exchange+Durable and the workers' DurableKeyStore: after the store has granted a
/// claim PostgreSQL is asked too, and only its word lets the request go on.
extension Gateway {
    func askDurable(_ exchange: Exchange) {
        guard let claim = exchange.durableClaim else { return self.durableRefused(exchange, .limiterUnavailable) }
        if self.world.plant == .durableIgnored {
            exchange.isDurable = true
            return self.forward(exchange)
        }
        exchange.asksDurable = true
        self.durableAsked.insert(exchange.number)
        self.after(Scenario.Times.durableMs) { self.durableTimedOut(exchange) }
        let records = self.world.records
        records.transaction(for: self.process) {
            records.claim(claim)
        } then: { verdict in
            // What may have been granted is given back: nothing was forwarded under it.
            if verdict == nil { self.giveBack(claim) }
            self.durableAnswered(exchange, verdict ?? .unavailable, claim)
        }
    }

    private func durableAnswered(_ exchange: Exchange, _ verdict: DurableVerdict, _ claim: DurableClaim) {
        guard exchange.asksDurable, !exchange.isFinished else {
            if verdict == .claimed { self.settleDurable(DurableSettlement(claim: claim, ending: .release)) }
            return
        }
        exchange.asksDurable = false
        self.note { "req \(exchange.number): PostgreSQL says \(verdict.words)" }
        switch verdict {
        case .claimed:
            exchange.isDurable = true
            self.forward(exchange)
        case .finished(let result, _):
            self.undoClaim(exchange, month: UsagePeriod(atMs: exchange.decidedAtMs).month)
            exchange.isAdmitted = false
            self.replay(exchange, result)
        case .inProgress: self.durableRefused(exchange, .idempotencyInProgress)
        case .keyReused: self.durableRefused(exchange, .idempotencyKeyReused)
        case .outcomeUnknown: self.durableRefused(exchange, .idempotencyOutcomeUnknown)
        case .unavailable: self.durableRefused(exchange, .limiterUnavailable)
        }
    }

    private func durableTimedOut(_ exchange: Exchange) {
        guard exchange.asksDurable, !exchange.isFinished else { return }
        if let claim = exchange.durableClaim {
            self.settleDurable(DurableSettlement(claim: claim, ending: .release))
        }
        self.durableRefused(exchange, .limiterUnavailable)
    }

    private func durableRefused(_ exchange: Exchange, _ code: ProblemCode) {
        exchange.asksDurable = false
        self.undoClaim(exchange, month: UsagePeriod(atMs: exchange.decidedAtMs).month)
        exchange.isAdmitted = false
        self.refuse(exchange, code)
    }

    // MARK: What becomes of it

    func settleDurable(_ exchange: Exchange, _ action: Settlement.ClaimAction) {
        guard exchange.isDurable, let claim = exchange.durableClaim else { return }
        exchange.isDurable = false
        switch action {
        case .release: self.settleDurable(DurableSettlement(claim: claim, ending: .release))
        case .store(let result): self.settleDurable(DurableSettlement(claim: claim, ending: .store(result)))
        }
    }

    func prolongDurable(_ exchange: Exchange) {
        guard exchange.isDurable, let claim = exchange.durableClaim else { return }
        self.settleDurable(DurableSettlement(claim: claim, ending: .prolong))
    }

    /// What may have been granted, or may be granted yet.
    private func giveBack(_ claim: DurableClaim) {
        self.write(DurableSettlement(claim: claim, ending: .release))
        self.outbox.giveBack(claim, file: nil, nowMs: self.nowMs)
        self.sendDurable()
        self.after(Scenario.Times.durableAgainMs) {
            if self.outbox.wake(nowMs: self.nowMs) { self.sendDurable() }
        }
    }

    private func settleDurable(_ settlement: DurableSettlement) {
        self.write(settlement)
        self.outbox.add(settlement, file: nil)
        self.sendDurable()
    }

    /// Into a file that outlives the process, before anybody is answered.
    private func write(_ settlement: DurableSettlement) {
        guard settlement.ending != .prolong else { return }
        let owner = settlement.claim.request.owner
        let request = Int(String(decoding: owner.dropFirst(5), as: UTF8.self)) ?? 0
        self.world.outcomes[self.journal.id, default: []].append(Outcome(request: request, settlement: settlement))
    }

    private func sendDurable() {
        let batch = self.outbox.take()
        guard !batch.isEmpty else { return }
        let records = self.world.records
        records.transaction(for: self.process) {
            for settlement in batch { records.settle(settlement) }
            return true
        } then: { isWritten in
            if isWritten == true || self.world.plant == .durableToldOnce {
                _ = self.outbox.confirmed()
                self.tidyOutcomes()
                return self.sendDurable()
            }
            _ = self.outbox.failed(.away)
            self.after(50) { self.sendDurable() }
        }
    }

    /// What is confirmed need not be kept.
    private func tidyOutcomes() {
        if self.outbox.waiting == 0 { self.world.outcomes[self.journal.id] = nil }
    }

    /// What a dead gateway of this machine has written down is settled here.
    func takeOverOutcomes() {
        guard self.world.plant != .outcomesLeft else { return }
        for id in self.world.orphanedOutcomes {
            let found = self.world.outcomes.removeValue(forKey: id) ?? []
            self.note { "takes over \(found.count) outcomes of \(id)" }
            for outcome in found { self.settleDurable(outcome.settlement) }
        }
    }
}

extension DurableVerdict {
    /// For the story.
    var words: String {
        switch self {
        case .claimed: "claimed"
        case .finished: "finished"
        case .inProgress: "in progress"
        case .keyReused: "key reused"
        case .outcomeUnknown: "outcome unknown"
        case .unavailable: "nothing"
        }
    }
}
