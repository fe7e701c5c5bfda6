extension AdmissionModel {
    /// Settles; false when it was settled before, or the claim has gone to another: then only leases are released.
    public mutating func settle(
        _ settlement: Settlement, plan: AdmissionPlan, address: String = "", nowMs: Int
    ) -> Bool {
        let request = AdmissionRequest(plan: plan, versionTag: "", address: address)
        if let id = settlement.leaseID {
            for rule in plan.leases { self.leases[self.name(of: rule, request)]?[id] = nil }
        }
        guard self.pass(settlement.guard, plan, nowMs: nowMs) else { return false }
        for quota in settlement.quotas {
            let name = QuotaName(
                orgID: plan.orgID, environment: plan.environment, meter: quota.meter, month: quota.month)
            self.quotas[name, default: 0] += quota.amount
        }
        if let cost = settlement.cost { self.correct(cost, request, nowMs: nowMs) }
        return true
    }

    /// Whether the guard lets the settlement happen; closes it behind it.
    private mutating func pass(_ guardian: Settlement.Guard, _ plan: AdmissionPlan, nowMs: Int) -> Bool {
        switch guardian {
        case .none:
            return true
        case .mark(let id, _):
            return self.settled.insert(Array(plan.orgID.utf8) + [0] + id).inserted
        case .claim(let wanted, let action):
            guard let rule = plan.claims else { return false }
            let name = self.name(of: wanted, plan, rule)
            guard var held = self.claims[name], held.expiryMs > nowMs,
                case .inFlight(wanted.owner, _) = held.state
            else { return false }
            switch action {
            case .store(let result):
                held.state = .done(result)
                self.claims[name] = held
            case .release:
                self.claims[name] = nil
            }
            return true
        }
    }

    /// Gives back what was reserved too much, or takes what was too little, down to the floor (STANDARDS §9, rule 7).
    private mutating func correct(
        _ cost: Settlement.CostCorrection, _ request: AdmissionRequest, nowMs: Int
    ) {
        for group in request.plan.groups where group.rules.contains(where: { $0.unit == .cost }) {
            let name = self.name(of: group, request)
            let reading = BucketGroupState.read(self.groups[name], group, nowMs: nowMs)
            let levels = zip(group.rules, reading.levels).map { rule, level in
                rule.settled(level, delta: rule.correction(cost))
            }
            self.groups[name] = BucketGroupState(group, levels: levels, after: reading, nowMs: nowMs)
        }
    }

    /// Prolongs a claim and leases; false for each that is gone, or is another's.
    public mutating func heartbeat(
        _ plan: AdmissionPlan, address: String = "", claim: ClaimRequest?, leaseID: [UInt8]?, nowMs: Int
    ) -> (claim: Bool, leases: Int) {
        let request = AdmissionRequest(plan: plan, versionTag: "", address: address)
        var prolonged = (claim: false, leases: 0)
        if let id = leaseID {
            for rule in plan.leases {
                let name = self.name(of: rule, request)
                guard let expiryMs = self.leases[name]?[id], expiryMs > nowMs else { continue }
                self.leases[name]?[id] = nowMs + plan.leaseMs
                prolonged.leases += 1
            }
        }
        guard let claim, let rule = plan.claims else { return prolonged }
        let name = self.name(of: claim, plan, rule)
        guard let held = self.claims[name], held.expiryMs > nowMs, case .inFlight(claim.owner, _) = held.state else {
            return prolonged
        }
        self.claims[name]?.state = .inFlight(owner: claim.owner, untilMs: nowMs + rule.claimMs)
        prolonged.claim = true
        return prolonged
    }
}
