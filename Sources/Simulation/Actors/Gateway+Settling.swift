import Domain
import Edge

/// One settlement until the store has confirmed it.
final class SettlementUnderWay {
    let settlement: Settlement
    let plan: AdmissionPlan
    let request: Int
    let words: String

    init(_ settlement: Settlement, _ plan: AdmissionPlan, request: Int, words: String) {
        self.settlement = settlement
        self.plan = plan
        self.request = request
        self.words = words
    }
}

/// What an admitted request leaves behind: usage in the journal, and in the store its key, its lease and its quota.
extension Gateway {
    /// Writes down what was served, once, before the client can know that it was.
    func count(_ exchange: Exchange, _ meter: MeterOutcome) {
        guard !exchange.isCounted, exchange.isAdmitted || exchange.isLocal, let plan = exchange.plan else { return }
        exchange.isCounted = true
        self.world.ledger.settled(exchange, meter)
        guard meter == .count else { return }
        self.journal.add(
            1, to: Meter(name: Scenario.requestsMeter, keyID: plan.keyID, hour: exchange.admittedHour))
        if exchange.usedTokens > 0 {
            self.journal.add(
                exchange.usedTokens,
                to: Meter(name: Scenario.tokensMeter, keyID: plan.keyID, hour: exchange.admittedHour))
        }
        self.reportSoon()
    }

    func settle(_ exchange: Exchange, _ outcome: ExchangeMachine.Settlement) {
        self.count(exchange, outcome.meter)
        if exchange.isLocal { return self.settleAlone(exchange, outcome.meter) }
        guard let plan = exchange.plan, exchange.isAdmitted else { return }
        let claim = self.claimAction(outcome.key, exchange)
        if let claim { self.settleDurable(exchange, claim) }
        let givesBack = outcome.meter == .void
        guard claim != nil || exchange.leaseID != nil || givesBack else { return }
        let guardian: Settlement.Guard
        if let claim, let request = exchange.claim {
            guardian = .claim(request, claim)
        } else if givesBack {
            guardian = .mark(id: Array("req\(exchange.number)".utf8), keepMs: 3_600_000)
        } else {
            guardian = .none
        }
        let month = UsagePeriod(atMs: exchange.decidedAtMs).month
        let quotas =
            givesBack
            ? plan.quotas.map {
                Settlement.QuotaUse(meter: $0.meter, amount: -$0.amount, month: month)
            } : []
        self.send(
            SettlementUnderWay(
                Settlement(guard: guardian, leaseID: exchange.leaseID, quotas: quotas), plan, request: exchange.number,
                words: "req \(exchange.number): key \(outcome.key), meters \(outcome.meter)"))
    }

    func claimAction(_ outcome: KeyOutcome, _ exchange: Exchange) -> Settlement.ClaimAction? {
        guard exchange.claim != nil else { return nil }
        switch outcome {
        case .none: return nil
        case .release: return .release
        case .storeProblem(let code): return .store(.failure(status: code.status, slug: code.rawValue))
        case .store:
            return .store(.response(status: exchange.status, headers: [], body: Array("\(exchange.execution)".utf8)))
        case .unreplayable: return .store(.unreplayable(status: exchange.status, length: 0, sha256: []))
        }
    }

    // MARK: As the edge's Settler

    func send(_ settlement: SettlementUnderWay) {
        self.note { "settles \(settlement.words)" }
        let command = StoreCommand.settle(settlement.settlement, settlement.plan, request: settlement.request)
        self.settling.append(settlement)
        let failure = self.link.send(command) { answer in
            self.settling.removeAll { $0 === settlement }
            if case .failed = answer { return self.unconfirmed(settlement) }
            self.world.ledger.confirmed.insert(settlement.request)
        }
        if failure != nil {
            self.settling.removeAll { $0 === settlement }
            self.unconfirmed(settlement)
        }
    }

    private func unconfirmed(_ settlement: SettlementUnderWay) {
        if self.world.plant == .settleNotRepeated { return }
        self.unsent.append(settlement)
        self.tickSoon()
    }

    func tickSoon() {
        guard !self.isTickSet, !self.unsent.isEmpty || !self.quotaTaken.isEmpty else { return }
        self.isTickSet = true
        self.after(50) {
            self.isTickSet = false
            guard self.asksStore else { return self.tickSoon() }
            self.tellQuotas()
            let again = self.unsent
            self.unsent = []
            for settlement in again {
                if self.world.plant == .secondSettleCounts {
                    let hour = self.wallMs / UsagePeriod.hourMs
                    let meter = Meter(name: Scenario.requestsMeter, keyID: settlement.plan.keyID, hour: hour)
                    self.journal.add(1, to: meter)
                }
                self.send(settlement)
            }
        }
    }

    // MARK: Heartbeats

    func beat() {
        guard !self.isBeating else { return }
        self.isBeating = true
        self.after(Scenario.Times.heartbeatMs) {
            self.isBeating = false
            let claiming = self.exchanges.filter(\.isClaiming)
            for exchange in claiming {
                guard let plan = exchange.plan else { continue }
                _ = self.link.send(.heartbeat(plan, claim: exchange.claim, leaseID: exchange.leaseID)) { _ in }
                self.prolongDurable(exchange)
            }
            if !claiming.isEmpty { self.beat() }
        }
    }
}
