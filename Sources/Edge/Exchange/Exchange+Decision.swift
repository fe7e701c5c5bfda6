import Digests
import Domain
import HTTPWire
import HotStore
import NIOCore
import RedisClient

/// The one question to Redis, and what its answer means.
extension Exchange {
    /// All is known: asks for the decision. Requests that no limit, quota or meter looks at are forwarded at once.
    func decide() {
        self.machine.begin(self.terms)
        if let totalMs = self.route?.timeouts.totalMs, totalMs > 0 { self.totalDeadlineMs = self.loop.nowMs + totalMs }
        // Where there is a principal, the gates have left its grant.
        guard self.entry != nil else { return self.forward() }
        if self.grant?.hasAddressesApart == true { self.lookForOwnGrant() }
        guard let grant, let cost = grant.cost else { return self.refuse(.internalError) }
        self.stage = .waiting
        // The link has a deadline of its own and always answers.
        self.expect(.store, withinMs: Int.max / 4)
        if self.keyed == nil, grant.isShareable, self.cost == cost {
            self.loop.gate.admit(self, by: grant)
        } else {
            self.askAlone(grant)
        }
    }

    /// Addresses with an override of their own have a plan of their own, made for the request.
    private func lookForOwnGrant() {
        guard let entry, let route, let plan = self.grant?.template?.plan else { return }
        let address = self.request.client.description
        guard plan.addressesApart.contains(address) else { return }
        self.grant = RouteGrant(entry.principal, route: route, loop: self.loop, address: address)
    }

    private var terms: ExchangeMachine.Terms {
        var terms = ExchangeMachine.Terms()
        terms.keyed = self.keyed != nil
        // Sent again only when nothing of it is lost: the whole request is in `outgoing`.
        terms.isWhole = self.requestBodyEnded
        terms.resendable = terms.isWhole && self.request.method.isIdempotent
        if let route { terms.attemptsMax = self.usesTestPool ? route.testAttemptsMax : route.attemptsMax }
        if let policy = self.route?.idempotency {
            terms.upstreamIdempotent = policy.upstreamIdempotent
            terms.releasesOn5xx = policy.replay5xx == .release
        }
        return terms
    }

    /// Keyed requests, those with leases, addresses or a cost of their own have a call to themselves.
    private func askAlone(_ grant: RouteGrant) {
        if grant.hasLeases { self.leaseID = self.loop.random.next() }
        grant.template?.period = self.loop.period
        guard grant.store.breaker.allowsRequests else { return self.storeFailed(.notConnected) }
        let nowNs = LoopClock.nowNs()
        self.storeWait.begin(nowNs: nowNs)
        self.storeLeftNs = self.storeWait.leftNs(of: grant.store.deadlineNs, nowNs: nowNs)
        guard self.storeLeftNs > 0 else { return self.storeFailed(.notConnected) }
        self.loop.counters.scriptCalls += 1
        let refused = self.loop.link.send(
            self, withinNs: UInt64(self.storeLeftNs), slot: grant.template?.slot ?? 0
        ) {
            self.encodeAdmission(grant, into: &$0)
        }
        if let refused { self.storeFailed(refused) }
    }

    func encodeAdmission(_ grant: RouteGrant, into output: inout ByteBuffer) {
        guard let template = grant.template else { return }
        let leaseID = template.plan.leases.isEmpty ? nil : self.leaseBytes
        if let claim = self.claimRequest {
            template.appendKeyed(
                claim, cost: self.cost, address: self.addressBytes(template.plan), leaseID: leaseID, into: &output)
        } else {
            template.append(
                count: 1, cost: self.cost, address: self.addressBytes(template.plan),
                leaseIDs: leaseID.map { [$0] } ?? [],
                into: &output)
        }
    }

    /// The client's address as limits by address name it.
    func addressBytes(_ plan: AdmissionPlan) -> ByteBuffer? {
        guard plan.needsAddress else { return nil }
        var text = ByteBuffer()
        self.request.client.append(to: &text)
        return text
    }

    var leaseBytes: [UInt8] { Array("\(self.loop.index)-\(self.leaseID)".utf8) }

    /// The claim as the scripts know it.
    var claimRequest: ClaimRequest? {
        guard let keyed else { return nil }
        return ClaimRequest(
            keyDigest: Array(keyed.key.hexText.utf8), fingerprint: Array(keyed.fingerprint.hexText.utf8),
            owner: Array(String(keyed.owner, radix: 16).utf8), requestID: Array(self.requestID.description.utf8))
    }

    /// The decision is there. `position` is the request's place in a shared call.
    func decided(_ reply: AdmissionReply, position: Int) {
        guard self.stage == .waiting, self.machine.phase == .deciding, let grant else { return }
        self.decidedAtMs = reply.nowMs
        self.readLimits(reply, grant, position: position)
        switch reply.outcome {
        case .decided where reply.isAdmitted(position):
            self.admitted(reply)
        case .decided:
            self.limited(reply, grant, position: position)
        case .stale:
            self.revalidate()
        case .periodOver:
            self.loop.noteRedisTime(reply.nowMs)
            self.storeWait.end(nowNs: LoopClock.nowNs())
            self.decideAgain()
        case .replay:
            if let stored = reply.stored { self.replay(stored, first: reply.firstRequestID) }
        case .inProgress:
            self.decision = .inProgress
            self.refuseDecided(.idempotencyInProgress, original: reply.firstRequestID)
        case .keyReused:
            self.decision = .mismatch
            self.refuseDecided(.idempotencyKeyReused, original: reply.firstRequestID)
        case .outcomeUnknown:
            self.decision = .inProgress
            self.refuseDecided(.idempotencyOutcomeUnknown, original: reply.firstRequestID)
        }
    }

    private func admitted(_ reply: AdmissionReply) {
        self.decision = .admitted
        self.admittedHour = reply.nowMs / UsagePeriod.hourMs
        if self.keyed != nil, self.route?.idempotency?.durable == true { return self.askDurable() }
        self.goOn()
    }

    /// All who decide have said yes.
    func goOn() {
        self.loop.counters.admitted += 1
        self.open()
        if let entry { self.loop.touch(entry) }
        self.forward()
    }

    private func readLimits(_ reply: AdmissionReply, _ grant: RouteGrant, position: Int) {
        if let plan = grant.template?.plan, !plan.quotas.isEmpty { reply.copyUsed(into: &grant.quotaUsed) }
        self.readings.removeAll(keepingCapacity: true)
        guard grant.policies.count == grant.rules.count else { return }
        reply.forEachBucket(at: position) { index, bucket in
            self.readings.append(
                RateLimitReading(
                    policy: grant.policies[index], remaining: bucket.remaining, nextMs: bucket.nextMs,
                    fullMs: bucket.fullMs, waitMs: bucket.waitMs))
        }
    }

    /// 429, or 422 where waiting never helps: says which limit and when to come back.
    private func limited(_ reply: AdmissionReply, _ grant: RouteGrant, position: Int) {
        self.loop.counters.refused += 1
        var details = ProblemDetails()
        let denying = self.readings.indices.filter { self.readings[$0].isDenied }
        if let first = denying.first {
            self.decision = .limited
            let readings = self.readings
            details.waitMs = RateLimitFields.waitMs(readings.span)
            details.extensions.append(.init("violated_policies", .strings(denying.map { grant.rules[$0].name })))
            let rule = grant.rules[first]
            details.detail =
                "Limit '\(rule.name)' allows \(rule.refill) per \(rule.periodMs) ms with bursts of \(rule.capacity)."
            return self.refuseAdmitted(details.waitMs < 0 ? .costExceedsCapacity : .rateLimitExceeded, details)
        }
        switch reply.refusals(at: position).first {
        case .quota(let meter, let limit, _):
            self.decision = .quota
            details.detail = "The month's quota of \(limit) for '\(meter)' is used up."
            details.extensions.append(.init("violated_policies", .strings([meter])))
            details.waitMs = max(1_000, UsagePeriod(atMs: reply.nowMs).monthEndMs - reply.nowMs)
            self.refuseAdmitted(.quotaExceeded, details)
        case .inFlight(let name, _, let max):
            self.decision = .concurrency
            details.detail = "At most \(max) requests may be in flight at once ('\(name)')."
            details.extensions.append(.init("violated_policies", .strings([name])))
            details.waitMs = 1_000
            self.refuseAdmitted(.tooManyConcurrentRequests, details)
        case .bucket, .none:
            self.refuseAdmitted(.rateLimitExceeded, details)
        }
    }

    func refuseDecided(_ code: ProblemCode, original: [UInt8]) {
        var details = ProblemDetails()
        details.extensions.append(.init("original_request_id", .string(String(decoding: original, as: UTF8.self))))
        self.refuseAdmitted(code, details)
    }

    func refuseAdmitted(_ code: ProblemCode, _ details: ProblemDetails) {
        guard self.handler != nil else { return self.drop() }
        self.refuse(code, details)
        self.discardWaitingBody()
    }

    // MARK: Stale records

    /// The org has changed since its records were read: they are read again, judged again, and the question repeated.
    private func revalidate() {
        guard let entry else { return }
        self.loop.counters.staleVersions += 1
        self.revalidations += 1
        guard self.revalidations <= 3 else { return self.refuseAdmitted(.keyLookupUnavailable, ProblemDetails()) }
        self.storeWait.end(nowNs: LoopClock.nowNs())
        self.loop.keys.forget(entry)
        self.isRevalidating = true
        self.loop.keys.lookUp(entry.digest, key: [], for: self)
    }

    /// Continues after the records were read again.
    func revalidated() {
        self.isRevalidating = false
        guard let old = self.entry, let route else { return }
        guard self.handler != nil else { return self.drop() }
        guard case .principal(let entry) = self.loop.keys.find(old.digest, wallMs: self.loop.wallMs) else {
            return self.refuseAdmitted(.apiKeyInvalid, ProblemDetails())
        }
        self.entry = entry
        if case .refused(let code) = self.checkStanding(entry) { return self.refuseAdmitted(code, ProblemDetails()) }
        if let code = self.checkGates(route) { return self.refuseAdmitted(code, ProblemDetails()) }
        self.replaceIdentity(old.identityFields, with: entry.identityFields)
        self.decideAgain()
    }

    private func decideAgain() {
        guard self.handler != nil else { return self.drop() }
        self.decide()
    }

    // MARK: No answer

    /// Redis is away, overrun, or silent beyond its deadline.
    func storeFailed(_ failure: RedisFailure) {
        guard self.stage == .waiting, self.machine.phase == .deciding else { return }
        self.loop.counters.storeUnavailable += 1
        self.undo(failure)
        guard self.handler != nil else { return self.drop() }
        if self.mayDecideLocally, let grant,
            self.loop.local.admits(grant, cost: self.cost, address: self.request.client)
        {
            self.decision = .local
            self.isLocal = true
            self.loop.counters.admittedLocally += 1
            self.decidedAtMs = self.loop.wallMs
            self.admittedHour = self.loop.wallMs / UsagePeriod.hourMs
            self.open()
            return self.forward()
        }
        self.decision = .unavailable
        self.refuseAdmitted(.limiterUnavailable, ProblemDetails())
    }

    /// A call whose answer was lost may have been executed: what it had is given back.
    private func undo(_ failure: RedisFailure) {
        switch failure {
        case .notConnected, .queueFull, .nothingEncoded, .serverError: return
        case .deadlineExceeded, .connectionLost, .protocolError: break
        }
        self.loop.counters.admissionsUnanswered += 1
        self.undoClaim(.release, month: self.loop.period.month)
    }

    /// Nothing will be forwarded under what was granted: the claim becomes what `action` says, if it was had, and what it
    /// took of quotas is given back with it; leases too. Nothing was counted as used, for that happens when a request is
    /// settled. Tokens, and quota where there is no claim to tell, stay taken: a limit errs on the safe side.
    func undoClaim(_ action: Settlement.ClaimAction, month: Int) {
        guard let template = self.grant?.template else { return }
        let plan = template.plan
        let leaseID = plan.leases.isEmpty ? nil : self.leaseBytes
        let claim = plan.claims == nil ? nil : self.claimRequest
        guard claim != nil || leaseID != nil else { return }
        let quotas = claim == nil ? [] : plan.quotas.filter { $0.amount > 0 }
        self.loop.settler.settle(
            Settlement(
                guard: claim.map { .claim($0, action) } ?? .none, leaseID: leaseID,
                quotas: quotas.map { .init(meter: $0.meter, amount: -$0.amount, month: month) }),
            template, address: self.addressBytes(plan))
    }

    /// A keyed request is never forwarded unclaimed.
    private var mayDecideLocally: Bool { self.keyed == nil && self.route?.route.storeFailure == .local }
}
