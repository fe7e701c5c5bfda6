import Domain
import TestKit

/// Random plans, requests and clocks: a small world in which the same names meet again and again.
struct AdmissionUniverse {
    var random: SplitMix64
    var nowMs = Plans.nowMs
    private var plans: [AdmissionPlan] = []
    private var nextID = 0
    /// The rules that most plans have for a group; a few keep older ones, as gateways with another file would.
    private var common: [String: [BucketRule]] = [:]

    private static let orgs = ["org_1", "org_2"]

    init(seed: UInt64) throws {
        self.random = SplitMix64(seed: seed)
        for org in Self.orgs {
            for key in ["key_1", "key_2"] {
                for route in ["jobs", "files"] { self.plans.append(try self.makePlan(org, key, route)) }
            }
        }
    }

    mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<max(1, count), using: &self.random) }

    mutating func isOneIn(_ count: Int) -> Bool { self.pick(count) == 0 }

    /// Mostly small steps, sometimes long ones, sometimes back.
    mutating func tick() {
        switch self.pick(40) {
        case 0: self.nowMs -= self.pick(6_000)
        case 1: self.nowMs += self.pick(3_600_000)
        case 2: self.nowMs += self.isOneIn(10) ? self.pick(40 * 86_400_000) : self.pick(600_000)
        case 3...14: break
        case 15...24: self.nowMs += self.pick(50)
        default: self.nowMs += self.pick(5_000)
        }
    }

    mutating func plan() -> AdmissionPlan { self.plans[self.pick(self.plans.count)] }

    /// Another policy for one principal and route.
    mutating func changePolicy() throws {
        let index = self.pick(self.plans.count)
        let old = self.plans[index]
        self.plans[index] = try self.makePlan(old.orgID, old.keyID, old.routeID)
    }

    mutating func id() -> [UInt8] {
        self.nextID += 1
        return Array("req_\(self.nextID)".utf8)
    }

    mutating func request(_ plan: AdmissionPlan, tag: String) -> AdmissionRequest {
        let isKeyed = plan.claims != nil && self.pick(3) > 0
        let count = isKeyed || self.pick(3) > 0 ? 1 : 1 + self.pick(6)
        var request = AdmissionRequest(
            plan: plan, versionTag: self.isOneIn(50) ? "0:other" : tag, count: count,
            cost: self.isOneIn(3) ? self.pick(12) : nil)
        if plan.needsAddress { request.address = self.isOneIn(2) ? "192.0.2.1" : "2001:db8::1" }
        if !plan.leases.isEmpty { request.leaseIDs = (0..<count).map { _ in self.id() } }
        if isKeyed {
            request.claim = ClaimRequest(
                keyDigest: Array("key\(self.pick(4))".utf8), fingerprint: Array("print\(self.pick(6) / 5)".utf8),
                owner: self.id(), requestID: self.id())
        }
        return request
    }

    // MARK: Policies

    private mutating func makePlan(_ org: String, _ key: String, _ route: String) throws -> AdmissionPlan {
        var groups: [BucketGroup] = []
        for scope in [LimitScope.key, .org, .route, .ip] where self.isOneIn(2) {
            let subject = [LimitScope.key: key, .org: org, .route: route][scope] ?? ""
            let source = self.isOneIn(3) ? BucketGroup.Source.route(route) : .base
            groups.append(
                BucketGroup(
                    scope: scope, subject: subject, source: source,
                    rules: try self.rules("\(org) \(scope) \(source)", scope)))
        }
        var leases: [AdmissionPlan.LeaseRule] = []
        if self.isOneIn(3) {
            leases.append(.init(name: "flight", scope: .org, subject: org, source: .base, max: 1 + self.pick(5)))
        }
        if self.isOneIn(6) { leases.append(.init(name: "flight", scope: .ip, subject: "", source: .base, max: 2)) }
        var quotas: [AdmissionPlan.QuotaRule] = []
        if self.isOneIn(2) {
            quotas.append(.init(meter: "jobs", limit: 50 + self.pick(3_000), amount: self.pick(4)))
        }
        if self.isOneIn(4) { quotas.append(.init(meter: "tokens", limit: 100 + self.pick(5_000), amount: 0)) }
        return AdmissionPlan(
            orgID: org, environment: .live, keyID: key, lineageID: key, routeID: route, groups: groups,
            quotas: quotas, leases: leases, leaseMs: 1_000 + self.pick(20_000),
            claims: self.isOneIn(2) ? self.makeClaims() : nil, cost: self.pick(4))
    }

    private mutating func rules(_ name: String, _ scope: LimitScope) throws -> [BucketRule] {
        if let known = self.common[name], !self.isOneIn(8) { return known }
        let made = try self.makeRules(scope)
        self.common[name] = made
        return made
    }

    private mutating func makeClaims() -> AdmissionPlan.ClaimRule {
        .init(
            scope: self.isOneIn(3) ? .apiKey : .org, claimMs: 1_000 + self.pick(10_000),
            retentionMs: 60_000 + self.pick(600_000), upstreamIdempotent: self.isOneIn(2))
    }

    private mutating func makeRules(_ scope: LimitScope) throws -> [BucketRule] {
        let refills = [1, 3, 7, 60, 100, 333, 1_000, 10_000, 999_983]
        let periods = [1_000, 60_000, 61_001, 3_600_000, 86_400_000]
        var names = ["a", "b", "c", "d", "e"]
        return try (0..<(1 + self.pick(4))).map { _ in
            let limit = Limit(
                name: names.remove(at: self.pick(names.count)), scope: scope, capacity: 1 + self.pick(30),
                refill: refills[self.pick(refills.count)], periodMs: periods[self.pick(periods.count)],
                unit: self.isOneIn(3) ? .cost : .requests)
            return try BucketRule(limit, debtMax: self.isOneIn(2) ? 20 : 0)
        }
    }
}
