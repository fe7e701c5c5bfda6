import Testing

@testable import Domain

struct AdmissionPlanTests {
    private func limit(_ name: String, _ scope: LimitScope, _ capacity: Int) -> Limit {
        Limit(name: name, scope: scope, capacity: capacity, refill: 1, periodMs: 1_000)
    }

    private func principal(user: String? = "user_1", overrides: [LimitOverride] = []) -> Principal {
        Principal(
            key: KeyRecord(
                keyID: "key_2", lineageID: "key_1", orgID: "org_1", userID: user, environment: .live, status: .active,
                scopes: [], expiresAtMs: 0),
            org: OrgRecord(orgID: "org_1", plan: "PRO", status: .active, overrides: overrides, version: 3),
            versionTag: "3:w")
    }

    private func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.limits = [self.limit("burst", .key, 10), self.limit("flood", .ip, 20)]
        var plan = Plan(code: "PRO", name: "Pro")
        plan.limits = [self.limit("burst", .key, 30), self.limit("people", .user, 40), self.limit("all", .org, 50)]
        plan.quotas = [
            Quota(meter: "jobs", perMonth: 100), Quota(meter: "tokens", perMonth: 9), Quota(meter: "x", perMonth: 1),
        ]
        plan.concurrency = [ConcurrencyLimit(name: "flight", scope: .ip, max: 2)]
        configuration.plans = [plan]
        return configuration
    }

    private func route() -> Route {
        var route = Route(id: "jobs", path: "/v1/jobs", upstream: "jobs")
        route.limits = [self.limit("burst", .key, 60), self.limit("route", .route, 70)]
        route.concurrency = [ConcurrencyLimit(name: "flight", scope: .key, max: 3)]
        route.meters = [
            MeterRule(meter: "jobs", quantity: .fixed(2)), MeterRule(meter: "jobs", quantity: .fixed(1)),
            MeterRule(meter: "tokens", quantity: .responseHeader("x-tokens")),
        ]
        route.cost = .fixed(5)
        route.idempotency = IdempotencyPolicy()
        return route
    }

    private func summary(_ plan: AdmissionPlan) -> [String] {
        plan.groups.map { group in
            let source = if case .route = group.source { "route" } else { "base" }
            let rules = group.rules.map { "\($0.name)=\($0.capacity)" }.joined(separator: " ")
            return "\(group.scope.rawValue) \(group.subject) \(source): \(rules)"
        }
    }

    @Test func `what the records say of a plan goes before the file's plan, and an override before both`() throws {
        var principal = self.principal(
            overrides: [
                LimitOverride(scope: .org, subject: "org_1", limit: "all", capacity: 7, refill: 1, periodMs: 1_000)
            ])
        var grants = PlanGrants()
        grants.limits = [self.limit("burst", .key, 31), self.limit("all", .org, 51)]
        grants.quotas = [Quota(meter: "jobs", perMonth: 3)]
        grants.concurrency = [ConcurrencyLimit(name: "flight", scope: .org, max: 9)]
        principal.org.grants = grants
        let plan = try AdmissionPlan(principal, route: self.route(), configuration: self.configuration())
        #expect(
            self.summary(plan) == [
                "key key_1 base: burst=10 burst=31", "org org_1 base: all=7", "key key_1 route: burst=60",
                "route jobs route: route=70", "ip  base: flood=20",
            ])
        #expect(plan.quotas == [.init(meter: "jobs", limit: 3, amount: 3)])
        #expect(plan.leases.map(\.max) == [9, 3])
        let file = try AdmissionPlan(self.principal(), route: self.route(), configuration: self.configuration())
        #expect(plan.groups[0].shape == file.groups[0].shape, "a bucket keeps its state when its numbers change")
    }

    @Test func `what a plan grants comes back from its texts`() throws {
        var grants = PlanGrants()
        grants.limits = [
            self.limit("burst", .key, 31),
            Limit(name: "units", scope: .org, capacity: 5, refill: 2, periodMs: 60_000, unit: .cost),
        ]
        grants.quotas = [Quota(meter: "jobs", perMonth: 0)]
        grants.concurrency = [ConcurrencyLimit(name: "flight", scope: .route, max: 9)]
        grants.features = ["beta"]
        #expect(grants.limitTexts == ["burst key 31 1 1000", "units org 5 2 60000 cost"])
        #expect(
            PlanGrants(
                limits: grants.limitTexts, quotas: grants.quotaTexts, caps: grants.capTexts, features: grants.features)
                == grants)
        for limit in ["burst key 31 1", "burst key 31 1 x", "burst any 31 1 1000", "burst key 31 1 1000 free", ""] {
            #expect(PlanGrants(limits: [limit], quotas: [], caps: [], features: []) == nil, "\(limit)")
        }
        #expect(PlanGrants(limits: [], quotas: ["jobs"], caps: [], features: []) == nil)
        #expect(PlanGrants(limits: [], quotas: [], caps: ["flight org"], features: []) == nil)
    }

    @Test func `limits of file and plan share a group by scope, those of a route are apart, addresses last`() throws {
        let plan = try AdmissionPlan(self.principal(), route: self.route(), configuration: self.configuration())
        #expect(
            self.summary(plan) == [
                "key key_1 base: burst=10 burst=30", "user user_1 base: people=40", "org org_1 base: all=50",
                "key key_1 route: burst=60", "route jobs route: route=70", "ip  base: flood=20",
            ])
        #expect(Set(plan.groups[0].rules.map(\.id)).count == 2, "same name, other source: another bucket")
        #expect(plan.leases.map(\.scope) == [.key, .ip])
        #expect(plan.needsAddress)
        #expect(plan.cost == 5)
    }

    @Test func `meters add up, quotas are those of meters that the route counts`() throws {
        let plan = try AdmissionPlan(self.principal(), route: self.route(), configuration: self.configuration())
        #expect(plan.meters == [.init(meter: "jobs", amount: 3)])
        #expect(
            plan.quotas == [
                .init(meter: "jobs", limit: 100, amount: 3), .init(meter: "tokens", limit: 9, amount: 0),
            ])
    }

    @Test func `a key without a user is not bound by limits of users`() throws {
        let plan = try AdmissionPlan(
            self.principal(user: nil), route: self.route(), configuration: self.configuration())
        #expect(!plan.groups.contains { $0.scope == .user })
    }

    @Test func `an override replaces numbers, by name before by scope, and a bad one is passed over`() throws {
        func override(_ scope: LimitScope, _ subject: String, _ limit: String?, _ capacity: Int) -> LimitOverride {
            LimitOverride(
                scope: scope, subject: subject, limit: limit, capacity: capacity, refill: 2, periodMs: 1_000)
        }
        let principal = self.principal(overrides: [
            override(.key, "key_2", "burst", 111), override(.key, "key_1", nil, 222),
            override(.org, "org_1", nil, 333), override(.org, "org_2", "all", 444), override(.user, "user_1", nil, 0),
            override(.route, "jobs", "route", 555), override(.ip, "192.0.2.1", nil, 666),
        ])
        let (route, configuration) = (self.route(), self.configuration())
        let plan = try AdmissionPlan(principal, route: route, configuration: configuration)
        #expect(
            self.summary(plan) == [
                "key key_1 base: burst=111 burst=111", "user user_1 base: people=40", "org org_1 base: all=333",
                "key key_1 route: burst=111", "route jobs route: route=555", "ip  base: flood=20",
            ])
        #expect(plan.addressesApart == ["192.0.2.1"])
        let apart = try AdmissionPlan(
            principal, route: route, configuration: configuration, address: "192.0.2.1")
        #expect(self.summary(apart).last == "ip  base: flood=666")
    }

    @Test func `the shape of a group changes with names and units, not with capacities`() throws {
        func shape(_ name: String, _ capacity: Int, _ refill: Int) throws -> Int {
            let limit = Limit(name: name, scope: .key, capacity: capacity, refill: refill, periodMs: 1_000)
            return BucketGroup(scope: .key, subject: "k", source: .base, rules: [try BucketRule(limit)]).shape
        }
        let base = try shape("a", 10, 1)
        #expect(base % 64 == 1)
        #expect(base < 1 << 53)
        #expect(try shape("a", 99, 1) == base)
        #expect(try shape("b", 10, 1) != base)
        #expect(try shape("a", 10, 8) != base)
    }
}
