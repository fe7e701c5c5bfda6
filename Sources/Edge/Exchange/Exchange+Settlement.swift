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

    /// The end of an admitted request, once: what was served is counted, and Redis hears what only the end could tell.
    func settle(_ outcome: ExchangeMachine.Settlement) {
        guard let grant, self.close() else { return }
        if self.isPlain(outcome, grant) { return self.loop.ledger.countFixed(of: grant, hour: self.admittedHour) }
        guard let template = grant.template else { return }
        let plan = template.plan
        let corrections = self.corrections(outcome, plan)
        self.countServed(corrections, grant, plan)
        let month = UsagePeriod(atMs: self.decidedAtMs).month
        if self.isLocal { return self.loop.local.settle(corrections, template, month: month) }
        let claim = self.claimAction(outcome.key)
        if let claim { self.settleDurable(claim) }
        let quotas = self.quotaUse(corrections, plan, month: month)
        let leaseID = plan.leases.isEmpty ? nil : self.leaseBytes
        guard claim != nil || leaseID != nil || !quotas.isEmpty else { return }
        let settlementGuard: Settlement.Guard
        if let claim, let request = self.claimRequest {
            settlementGuard = .claim(request, claim)
        } else if quotas.isEmpty {
            settlementGuard = .none
        } else {
            settlementGuard = .mark(id: Array(self.requestID.description.utf8), keepMs: 3_600_000)
        }
        self.loop.settler.settle(
            Settlement(guard: settlementGuard, leaseID: leaseID, quotas: quotas), template,
            address: self.addressBytes(plan))
    }

    /// Most answers change nothing in what their admission took for granted: nothing is to be read from them or voided.
    private func isPlain(_ outcome: ExchangeMachine.Settlement, _ grant: RouteGrant) -> Bool {
        self.keyed == nil && !self.isLocal && outcome.meter == .count && !grant.hasLeases
            && self.route?.countsFixedOnly == true
    }

    // MARK: Usage

    /// Writes down what was served: the fixed quantities, less what the answer has made void, and what it added.
    private func countServed(_ corrections: [MeterCorrection], _ grant: RouteGrant, _ plan: AdmissionPlan) {
        for meter in plan.meters {
            var amount = meter.amount
            for use in corrections where use.isVoid && use.meter == meter.meter { amount -= use.amount }
            self.loop.ledger.count(amount, of: meter.meter, hour: self.admittedHour, by: grant)
        }
        for use in corrections where !use.isVoid {
            self.loop.ledger.count(use.amount, of: use.meter, hour: use.hour, by: grant)
        }
    }

    /// How what was served differs from what its admission took for granted.
    private func corrections(_ outcome: ExchangeMachine.Settlement, _ plan: AdmissionPlan) -> [MeterCorrection] {
        guard let route else { return [] }
        let hour = self.admittedHour
        if outcome.meter == .void {
            return plan.meters.map { .init(meter: $0.meter, amount: $0.amount, hour: hour, isVoid: true) }
        }
        let isSuccess = (200..<300).contains(self.responseStatus)
        var usage: [MeterCorrection] = []
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

    private func quotaUse(
        _ usage: [MeterCorrection], _ plan: AdmissionPlan, month: Int
    ) -> [Settlement.QuotaUse] {
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
