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
    /// Of the one of them that has waited longest.
    var wait = StoreWait()
    var underWay = 0

    func gather(_ exchange: Exchange, nowNs: Int) {
        self.gathering.append(exchange)
        self.wait.include(spentNs: exchange.storeWait.spentNs, nowNs: nowNs)
        self.wait.begin(nowNs: nowNs)
    }

    /// Those who have gathered, and how long they have waited.
    func takeGathered() -> ([Exchange], StoreWait) {
        defer { (self.gathering, self.wait) = ([], StoreWait()) }
        return (self.gathering, self.wait)
    }
}

/// As the edge's KeyLookup: one principal being read, and who waits for it.
final class Lookup {
    let number: Int
    var waiters: [Exchange]
    var wait: StoreWait

    init(_ number: Int, for exchange: Exchange) {
        self.number = number
        self.waiters = [exchange]
        self.wait = exchange.storeWait
    }
}

/// Who is it, and may they?
extension Gateway {
    func identify(_ exchange: Exchange) {
        let number = exchange.operation.principal
        guard let known = self.principals[number] else {
            exchange.waitingSinceUs = self.world.scheduler.nowUs
            exchange.cameToOpenBreaker = false
            let known = self.lookups[number]
            if let known, exchange.storeWait.spentNs <= known.wait.spentNs {
                known.waiters.append(exchange)
                // The record layer is at it, and nobody waits for the store.
                if known.wait.sinceNs == nil { exchange.waitingSinceUs = nil }
                return
            }
            let lookup = Lookup(number, for: exchange)
            if known == nil { self.lookups[number] = lookup }
            return self.lookUp(lookup, mayAskRecords: true)
        }
        exchange.principal = known
        guard !known.isRevoked else { return self.refuse(exchange, .apiKeyInvalid) }
        self.decide(exchange)
    }

    /// The version is read before the record, and what the store has not is published to it.
    private func lookUp(_ lookup: Lookup, mayAskRecords: Bool) {
        guard self.breaker.allowsRequests, let withinUs = self.leftUs(&lookup.wait) else {
            return self.lookUpEnded(lookup, nil)
        }
        let organisation = Scenario.organisation
        var tag: String?
        let failure = self.link.send(.version(organisation), withinUs: withinUs) { answer in
            if case .reply(.version(let version)) = answer { tag = version }
        }
        guard failure == nil else { return self.lookUpEnded(lookup, nil) }
        let second = self.link.send(.record(organisation), withinUs: withinUs) { answer in
            guard case .reply(.record(let record)) = answer else { return self.lookUpEnded(lookup, nil) }
            if let record, let tag {
                let isRevoked = record.revoked.contains(lookup.number)
                return self.lookUpEnded(
                    lookup, CachedPrincipal(number: lookup.number, versionTag: tag, isRevoked: isRevoked))
            }
            guard mayAskRecords else { return self.lookUpEnded(lookup, nil) }
            self.publishMissing(lookup)
        }
        if second != nil { self.lookUpEnded(lookup, nil) }
    }

    /// The record layer does it, in its own time.
    private func publishMissing(_ lookup: Lookup) {
        let records = self.world.records
        lookup.wait.end(nowNs: self.nowNs)
        for exchange in lookup.waiters { self.waited(exchange) }
        records.transaction(for: self.process) {
            records.organisation
        } then: { record in
            guard let record else { return self.lookUpEnded(lookup, nil) }
            let word = self.world.network.within(1_000...9_999)
            let failure = self.link.send(.publish(Scenario.organisation, record, word: word)) { answer in
                guard case .reply = answer else { return self.lookUpEnded(lookup, nil) }
                // Those who came meanwhile begin to wait for the store now.
                for exchange in lookup.waiters { exchange.waitingSinceUs = self.world.scheduler.nowUs }
                self.lookUp(lookup, mayAskRecords: false)
            }
            if failure != nil { self.lookUpEnded(lookup, nil) }
        }
    }

    private func lookUpEnded(_ lookup: Lookup, _ found: CachedPrincipal?) {
        let number = lookup.number
        if self.lookups[number] === lookup { self.lookups[number] = nil }
        let waiting = lookup.waiters
        lookup.waiters = []
        guard !waiting.isEmpty else { return }
        lookup.wait.end(nowNs: self.nowNs)
        self.principals[number] = found
        for exchange in waiting where !exchange.isFinished {
            self.waited(exchange)
            exchange.storeWait = StoreWait(spentNs: lookup.wait.spentNs)
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
        gate.gather(exchange, nowNs: self.nowNs)
        if exchange.storeWait.spentNs > 0 {
            // What has waited for the store before does not wait behind others too.
            self.after(0) { self.send(gate, plan, principal, behindOthers: true) }
        } else if gate.underWay == 0, gate.gathering.count == 1 {
            self.after(0) { self.send(gate, plan, principal) }
        }
    }

    private func askAlone(_ exchange: Exchange, _ plan: AdmissionPlan, _ principal: CachedPrincipal) {
        if !plan.leases.isEmpty { exchange.leaseID = Array("lease\(exchange.number)".utf8) }
        let request = AdmissionRequest(
            plan: plan, versionTag: principal.versionTag, leaseIDs: exchange.leaseID.map { [$0] } ?? [],
            claim: exchange.claim)
        let command = StoreCommand.admit(request, requests: [exchange.number])
        guard let withinUs = self.leftUs(&exchange.storeWait) else {
            return self.storeFailed(exchange, .notConnected)
        }
        let failure = self.link.send(command, withinUs: withinUs) { answer in
            self.noteStore(answer, withinUs: withinUs)
            switch answer {
            case .reply(.admission(let result, let nowMs)): self.decided(exchange, result, 0, nowMs)
            case .reply: self.storeFailed(exchange, .protocolError)
            case .failed(let failure): self.storeFailed(exchange, failure)
            }
        }
        if let failure { self.storeFailed(exchange, failure) }
    }

    private func send(
        _ gate: Gate, _ plan: AdmissionPlan, _ principal: CachedPrincipal, behindOthers: Bool = false
    ) {
        guard gate.underWay == 0 || behindOthers, !gate.gathering.isEmpty else { return }
        let (batch, waited) = gate.takeGathered()
        var wait = waited
        guard let withinUs = self.leftUs(&wait) else {
            for exchange in batch { self.storeFailed(exchange, .notConnected) }
            return
        }
        for exchange in batch { exchange.storeWait = wait }
        gate.underWay += 1
        let request = AdmissionRequest(plan: plan, versionTag: principal.versionTag, count: batch.count)
        let command = StoreCommand.admit(request, requests: batch.map(\.number))
        func ended(_ answer: StoreLink.Answer) {
            gate.underWay -= 1
            self.noteStore(answer, withinUs: withinUs)
            var behind: [Exchange] = []
            let isLate = StoreWait.isLate(leftNs: withinUs, of: Scenario.Times.storeDeadlineMs * 1_000)
            // Nobody waits twice: those who gathered behind a call that failed are not sent.
            if case .failed = answer, !isLate { behind = gate.takeGathered().0 }
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
        if let failure = self.link.send(command, withinUs: withinUs, ended) { ended(.failed(failure)) }
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
            exchange.storeWait.end(nowNs: self.nowNs)
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
        exchange.storeWait.end(nowNs: self.nowNs)
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
