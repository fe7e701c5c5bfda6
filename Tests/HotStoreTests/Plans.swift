import Domain

/// Plans that tests ask with.
enum Plans {
    /// A moment in November 2025.
    static let nowMs = 1_763_700_000_000
    static let tag = "1:word"

    static func rule(
        _ name: String, _ capacity: Int, per refill: Int, _ periodMs: Int, unit: Limit.Unit = .requests,
        scope: LimitScope = .key, debtMax: Int = 0
    ) throws -> BucketRule {
        try BucketRule(
            Limit(name: name, scope: scope, capacity: capacity, refill: refill, periodMs: periodMs, unit: unit),
            debtMax: debtMax)
    }

    static func plan(
        org: String, groups: [BucketGroup], quotas: [AdmissionPlan.QuotaRule] = [],
        leases: [AdmissionPlan.LeaseRule] = [], leaseMs: Int = 90_000, claims: AdmissionPlan.ClaimRule? = nil,
        cost: Int = 1, key: String = "key_1", route: String = "jobs"
    ) -> AdmissionPlan {
        AdmissionPlan(
            orgID: org, environment: .live, keyID: key, lineageID: key, routeID: route, groups: groups,
            quotas: quotas, leases: leases, leaseMs: leaseMs, claims: claims, cost: cost)
    }

    /// One bucket by key.
    static func simple(
        org: String, capacity: Int, per refill: Int = 1, periodMs: Int = 1_000, unit: Limit.Unit = .requests,
        debtMax: Int = 0
    ) throws -> AdmissionPlan {
        let rule = try Self.rule("burst", capacity, per: refill, periodMs, unit: unit, debtMax: debtMax)
        return Self.plan(
            org: org, groups: [BucketGroup(scope: .key, subject: "key_1", source: .base, rules: [rule])])
    }

    static func ask(
        _ plan: AdmissionPlan, count: Int = 1, cost: Int? = nil, leaseIDs: [[UInt8]] = [], claim: ClaimRequest? = nil,
        address: String = "", tag: String = Plans.tag
    ) -> AdmissionRequest {
        AdmissionRequest(
            plan: plan, versionTag: tag, count: count, cost: cost, address: address, leaseIDs: leaseIDs, claim: claim)
    }

    static func claim(_ key: String = "k", fingerprint: String = "f", owner: String = "o", request: String = "r")
        -> ClaimRequest
    {
        ClaimRequest(
            keyDigest: Array(key.utf8), fingerprint: Array(fingerprint.utf8), owner: Array(owner.utf8),
            requestID: Array(request.utf8))
    }
}
