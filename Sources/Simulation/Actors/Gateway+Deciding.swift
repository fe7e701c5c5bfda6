import Domain
import Edge
import RedisClient

/// Requests that may share a call: one principal's on one route.
struct GateName: Hashable {
    let principal: Int
    let route: Scenario.RouteKind
    let versionTag: String
    let connection: String
}

/// As the edge's AdmissionGate: requests that arrive while a call of their kind is under way share the next one.
final class Gate {
    var gathering: [Exchange] = []
    var underWay = 0
}

/// Who is it, and may they?
extension Gateway {
    func identify(_ exchange: Exchange) {
        let number = exchange.operation.principal
        guard let known = self.principals[number] else {
            if self.lookups[number] != nil {
                self.lookups[number]?.append(exchange)
                return
            }
            self.lookups[number] = [exchange]
            return self.lookUp(number, mayAskRecords: true)
        }
        exchange.principal = known
        guard !known.isRevoked else { return self.refuse(exchange, .apiKeyInvalid) }
        self.decide(exchange)
    }

    /// As the edge's KeyLookup: the version is read before the record, and what the store has not is published to it.
    private func lookUp(_ number: Int, mayAskRecords: Bool) {
        guard self.breaker.allowsRequests else { return self.lookUpEnded(number, nil) }
        let organisation = Scenario.organisation
        var tag: String?
        let failure = self.link.send(.version(organisation)) { answer in
            if case .reply(.version(let version)) = answer { tag = version }
        }
        guard failure == nil else { return self.lookUpEnded(number, nil) }
        let second = self.link.send(.record(organisation)) { answer in
            guard case .reply(.record(let record)) = answer else { return self.lookUpEnded(number, nil) }
            if let record, let tag {
                let isRevoked = record.revoked.contains(number)
                return self.lookUpEnded(
                    number, CachedPrincipal(number: number, versionTag: tag, isRevoked: isRevoked))
            }
            guard mayAskRecords else { return self.lookUpEnded(number, nil) }
            self.publishMissing(number)
        }
        if second != nil { self.lookUpEnded(number, nil) }
    }

    private func publishMissing(_ number: Int) {
        let records = self.world.records
        records.transaction(for: self.process) {
            records.organisation
        } then: { record in
            guard let record else { return self.lookUpEnded(number, nil) }
            let word = self.world.network.within(1_000...9_999)
            let failure = self.link.send(.publish(Scenario.organisation, record, word: word)) { answer in
                guard case .reply = answer else { return self.lookUpEnded(number, nil) }
                self.lookUp(number, mayAskRecords: false)
            }
            if failure != nil { self.lookUpEnded(number, nil) }
        }
    }

    private func lookUpEnded(_ number: Int, _ found: CachedPrincipal?) {
        guard let waiting = self.lookups.removeValue(forKey: number) else { return }
        self.principals[number] = found
        for exchange in waiting where !exchange.isFinished {
            if !exchange.hasClient {
                exchange.machine.refused()
                self.finish(exchange)
            } else if found == nil {
                self.refuse(exchange, .limiterUnavailable)
            } else {
                self.identify(exchange)
            }
        }
    }

    // MARK: The question

    func decide(_ exchange: Exchange) {
        guard let principal = exchange.principal else {
            return self.refuse(exchange, .limiterUnavailable)
        }
        let operation = exchange.operation
        exchange.machine.begin(
            .init(
                keyed: operation.key != nil, resendable: operation.isIdempotentMethod,
                upstreamIdempotent: operation.route == .trusting && operation.key != nil))
        let plan = self.world.scenario.plan(operation.principal, operation.route)
        exchange.plan = plan
        exchange.waitingSinceUs = self.world.scheduler.nowUs
        exchange.cameToOpenBreaker = !self.breaker.allowsRequests
        // The store has been too slow: nobody waits for it.
        guard self.breaker.allowsRequests || self.world.plant == .breakerIgnored else {
            return self.storeFailed(exchange, .notConnected)
        }
        guard plan.claims == nil, plan.leases.isEmpty else { return self.askAlone(exchange, plan, principal) }
        let name = GateName(
            principal: principal.number, route: operation.route, versionTag: principal.versionTag,
            connection: self.link.runID ?? "")
        let gate = self.gates[name] ?? Gate()
        self.gates[name] = gate
        gate.gathering.append(exchange)
        if gate.underWay == 0, gate.gathering.count == 1 { self.after(0) { self.send(gate, plan, principal) } }
    }

    private func askAlone(_ exchange: Exchange, _ plan: AdmissionPlan, _ principal: CachedPrincipal) {
        if !plan.leases.isEmpty { exchange.leaseID = Array("lease\(exchange.number)".utf8) }
        let request = AdmissionRequest(
            plan: plan, versionTag: principal.versionTag, leaseIDs: exchange.leaseID.map { [$0] } ?? [],
            claim: exchange.claim)
        let command = StoreCommand.admit(request, requests: [exchange.number])
        let failure = self.link.send(command) { answer in
            self.noteStore(answer)
            switch answer {
            case .reply(.admission(let result, let nowMs)): self.decided(exchange, result, 0, nowMs)
            case .reply: self.storeFailed(exchange, .protocolError)
            case .failed(let failure): self.storeFailed(exchange, failure)
            }
        }
        if let failure { self.storeFailed(exchange, failure) }
    }

    private func send(_ gate: Gate, _ plan: AdmissionPlan, _ principal: CachedPrincipal) {
        guard gate.underWay == 0, !gate.gathering.isEmpty else { return }
        let batch = gate.gathering
        gate.gathering = []
        gate.underWay += 1
        let request = AdmissionRequest(plan: plan, versionTag: principal.versionTag, count: batch.count)
        let command = StoreCommand.admit(request, requests: batch.map(\.number))
        func ended(_ answer: StoreLink.Answer) {
            gate.underWay -= 1
            self.noteStore(answer)
            var behind: [Exchange] = []
            // Nobody waits twice: those who gathered behind a call that failed are not sent.
            if case .failed = answer { swap(&behind, &gate.gathering) }
            for (position, exchange) in batch.enumerated() {
                switch answer {
                case .reply(.admission(let result, let nowMs)): self.decided(exchange, result, position, nowMs)
                case .reply: self.storeFailed(exchange, .protocolError)
                case .failed(let failure): self.storeFailed(exchange, failure)
                }
            }
            for exchange in behind { self.storeFailed(exchange, .notConnected) }
            self.send(gate, plan, principal)
        }
        if let failure = self.link.send(command, ended) { ended(.failed(failure)) }
    }

    // MARK: The answer

    private func decided(_ exchange: Exchange, _ result: AdmissionResult, _ position: Int, _ nowMs: Int) {
        guard exchange.machine.phase == .deciding, !exchange.isFinished else { return }
        self.waited(exchange)
        exchange.decidedAtMs = nowMs
        if !result.used.isEmpty { self.quotaUsed[QuotaView(exchange)] = result.used }
        switch result.outcome {
        case .admitted(let count) where position < count:
            exchange.isAdmitted = true
            exchange.admittedHour = nowMs / UsagePeriod.hourMs
            if exchange.isClaiming { self.beat() }
            if exchange.durableClaim != nil { return self.askDurable(exchange) }
            self.forward(exchange)
        case .admitted, .refused:
            self.refuse(exchange, .rateLimitExceeded)
        case .stale:
            self.revalidate(exchange)
        case .periodOver:
            self.decide(exchange)
        case .replay(let stored, _):
            self.replay(exchange, stored)
        case .inProgress:
            self.refuse(exchange, .idempotencyInProgress)
        case .keyReused:
            self.refuse(exchange, .idempotencyKeyReused)
        case .outcomeUnknown:
            self.refuse(exchange, .idempotencyOutcomeUnknown)
        }
    }

    private func revalidate(_ exchange: Exchange) {
        exchange.revalidations += 1
        guard exchange.revalidations <= 3, exchange.hasClient else {
            return self.refuse(exchange, .keyLookupUnavailable)
        }
        let number = exchange.operation.principal
        if self.principals[number]?.versionTag == exchange.principal?.versionTag { self.principals[number] = nil }
        self.identify(exchange)
    }

    func replay(_ exchange: Exchange, _ stored: StoredResult) {
        exchange.machine.refused()
        switch stored {
        case .response(let status, _, let body):
            let execution = Int(String(decoding: body, as: UTF8.self)) ?? -1
            self.note { "replays execution \(execution) to req \(exchange.number)" }
            self.say(.head(status: status, execution: execution, isReplay: true), to: exchange)
            self.say(.end, to: exchange)
            self.finish(exchange)
        case .unreplayable:
            self.respond(exchange, .idempotencyResultUnavailable)
        case .failure(_, let slug):
            self.respond(exchange, ProblemCode(rawValue: slug) ?? .upstreamConnectionLost)
        }
    }

    /// The store is away, overrun, or silent beyond its deadline.
    private func storeFailed(_ exchange: Exchange, _ failure: RedisFailure) {
        guard exchange.machine.phase == .deciding, !exchange.isFinished else { return }
        self.waited(exchange)
        self.undo(exchange, failure)
        guard exchange.hasClient else {
            exchange.machine.refused()
            return self.finish(exchange)
        }
        if exchange.operation.key == nil, let plan = exchange.plan, self.admitsAlone(exchange, plan) {
            self.note { "req \(exchange.number) admitted from memory" }
            exchange.isLocal = true
            exchange.admittedHour = self.wallMs / UsagePeriod.hourMs
            return self.forward(exchange)
        }
        self.refuse(exchange, .limiterUnavailable)
    }
}
