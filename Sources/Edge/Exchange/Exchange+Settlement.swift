import Digests
import Domain
import HTTPWire
import HotStore
import NIOCore

/// What an admitted request leaves behind: its key's result, its leases given back, and the quantities that only the
/// response could tell. One call at most, none where nothing of this is due.
extension Exchange {
    /// Response fields that belong to the first answer only and are not replayed (STANDARDS §1, point 8).
    private static let notReplayed: FieldNameSet = [
        .date, .age, .setCookie, .via, .serverTiming, .altSvc, .strictTransportSecurity, .wwwAuthenticate, .retryAfter,
        .retryAfterMs, .rateLimit, .xRateLimit, .traceparent, .tracestate, .traceresponse, .xRequestID, .tollgate,
    ]

    /// Opens the tee, where the answer will be replayed or metered by what is in it.
    func openTap(_ bytes: Span<UInt8>) {
        guard let route else { return }
        self.readHeaderMeters(bytes, route)
        let stored = self.keyed != nil
        var (readsBody, readsEvents) = (false, false)
        for rule in route.responseMeters {
            switch rule.quantity {
            case .jsonPointer: readsBody = true
            case .lastEvent: readsEvents = true
            case .fixed, .responseHeader: break
            }
        }
        guard stored || readsBody || readsEvents else { return }
        let cap = stored ? route.idempotency?.responseBytesMax ?? 0 : route.route.meteredBodyBytesMax
        let tap = ResponseTap(
            keepsBody: stored || readsBody, bodyBytesMax: cap,
            readsEvents: readsEvents && self.answersEvents)
        if stored {
            tap.head.writeFields(
                self.loop.responseHead.fields, of: bytes, connection: self.loop.responseHead.connection,
                dropping: Self.notReplayed)
        }
        self.tap = tap
    }

    private func readHeaderMeters(_ bytes: Span<UInt8>, _ route: CompiledRoute) {
        self.headerQuantities.removeAll(keepingCapacity: true)
        for rule in route.responseMeters {
            guard case .responseHeader(let name) = rule.quantity else { continue }
            var quantity: Int?
            for line in self.loop.responseHead.fields.lines
            where bytes.extracting(line.name.bounds).equalsIgnoringCase(name.utf8.span) {
                quantity = bytes.extracting(line.value.bounds).decimal
            }
            self.headerQuantities.append(quantity ?? -1)
        }
    }

    func settle(_ outcome: ExchangeMachine.Settlement) {
        guard let template = self.grant?.template, self.decision == .admitted || self.isLocal else { return }
        if self.leavesNothing(outcome, template) { return }
        let plan = template.plan
        if self.isLocal { return self.loop.local.settle(self.usage(outcome, plan), template) }
        let usage = self.usage(outcome, plan)
        let claim = self.claimAction(outcome.key)
        if let claim { self.settleDurable(claim) }
        let leaseID = plan.leases.isEmpty ? nil : self.leaseBytes
        guard claim != nil || leaseID != nil || !usage.isEmpty else { return }
        let settlementGuard: Settlement.Guard
        if let claim, let request = self.claimRequest {
            settlementGuard = .claim(request, claim)
        } else if usage.isEmpty {
            settlementGuard = .none
        } else {
            settlementGuard = .mark(id: Array(self.requestID.description.utf8), keepMs: 3_600_000)
        }
        self.loop.settler.settle(
            Settlement(
                guard: settlementGuard, leaseID: leaseID, usage: usage,
                quotas: self.quotaUse(usage, plan)),
            template, address: self.addressBytes(plan))
    }

    /// Most requests were counted wholly when they were admitted: no key, no lease, nothing to be read from the answer
    /// or taken back.
    private func leavesNothing(_ outcome: ExchangeMachine.Settlement, _ template: AdmissionTemplate) -> Bool {
        guard self.keyed == nil, !self.isLocal, outcome.meter == .count, let route else { return false }
        return route.responseMeters.isEmpty && !route.countsOnlySuccess && template.plan.leases.isEmpty
    }

    // MARK: Usage

    private func usage(_ outcome: ExchangeMachine.Settlement, _ plan: AdmissionPlan) -> [Settlement.Usage] {
        guard let route else { return [] }
        let hour = self.admittedHour
        if outcome.meter == .void {
            return plan.meters.map { .init(meter: $0.meter, amount: $0.amount, hour: hour, isVoid: true) }
        }
        let isSuccess = (200..<300).contains(self.responseStatus)
        var usage: [Settlement.Usage] = []
        if route.countsOnlySuccess, !isSuccess {
            for rule in route.route.meters where rule.when == .success {
                guard case .fixed(let amount) = rule.quantity, amount > 0 else { continue }
                usage.append(.init(meter: rule.meter, amount: amount, hour: hour, isVoid: true))
            }
        }
        var headerIndex = 0
        for rule in route.responseMeters {
            let quantity = self.quantity(rule.quantity, &headerIndex)
            guard rule.when == .any || isSuccess else { continue }
            guard let quantity else {
                self.loop.counters.meterReadFailures += 1
                continue
            }
            if quantity > 0 { usage.append(.init(meter: rule.meter, amount: quantity, hour: hour)) }
        }
        return usage
    }

    /// What the answer says; nil where it says nothing that can be read.
    private func quantity(_ source: MeterRule.Quantity, _ headerIndex: inout Int) -> Int? {
        switch source {
        case .fixed: return nil
        case .responseHeader:
            defer { headerIndex += 1 }
            guard headerIndex < self.headerQuantities.count, self.headerQuantities[headerIndex] >= 0 else { return nil }
            return self.headerQuantities[headerIndex]
        case .jsonPointer(let text):
            return JSONPointer(text).flatMap { self.tap?.integer(at: $0) }.flatMap { $0 >= 0 ? $0 : nil }
        case .lastEvent(let text):
            return JSONPointer(text).flatMap { self.tap?.lastEventInteger(at: $0) }.flatMap { $0 >= 0 ? $0 : nil }
        }
    }

    private func quotaUse(_ usage: [Settlement.Usage], _ plan: AdmissionPlan) -> [Settlement.QuotaUse] {
        let month = UsagePeriod(atMs: self.decidedAtMs).month
        return usage.compactMap { use in
            guard plan.quotas.contains(where: { $0.meter == use.meter }) else { return nil }
            return .init(meter: use.meter, amount: use.isVoid ? -use.amount : use.amount, month: month)
        }
    }

    // MARK: The key

    private func claimAction(_ outcome: KeyOutcome) -> Settlement.ClaimAction? {
        guard self.keyed != nil else { return nil }
        switch outcome {
        case .none: return nil
        case .release: return .release
        case .storeProblem(let code): return .store(.failure(status: code.status, slug: code.rawValue))
        case .store:
            guard let tap else { return .release }
            return .store(
                .response(
                    status: self.responseStatus, headers: Array(tap.head.readableBytesView),
                    body: Array(tap.body.readableBytesView)))
        case .unreplayable:
            let digest = self.tap.map { Array($0.digestHex.utf8) } ?? []
            return .store(
                .unreplayable(status: self.responseStatus, length: self.tap?.bodyBytes ?? 0, sha256: digest))
        }
    }
}
