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

    private func giveBack(_ claim: DurableClaim) {
        self.settleDurable(DurableSettlement(claim: claim, ending: .release))
        self.durableUnderWay += 1
        // The first release may have come before the claim.
        self.after(Scenario.Times.durableAgainMs) {
            self.durableUnderWay -= 1
            self.settleDurable(DurableSettlement(claim: claim, ending: .release))
        }
    }

    private func settleDurable(_ settlement: DurableSettlement) {
        self.durable.append(settlement)
        if self.durable.count == 1 { self.writeDurable() }
    }

    /// In order, each until PostgreSQL has it.
    private func writeDurable() {
        guard let first = self.durable.first else { return }
        let records = self.world.records
        records.transaction(for: self.process) {
            records.settle(first)
            return true
        } then: { isWritten in
            guard isWritten == true || self.world.plant == .durableToldOnce else {
                return self.after(50) { self.writeDurable() }
            }
            self.durable.removeFirst()
            self.writeDurable()
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
