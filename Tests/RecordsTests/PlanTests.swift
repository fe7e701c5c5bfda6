import Domain
import PostgresClient
import Records
import TestKit
import Testing

@Suite struct `What plans grant` {
    @Test func `plans come back as they were put, the seeded ones are there`() async throws {
        let pool = try await freshRecords()
        #expect(try await Plans(pool).list().map(\.plan.code) == ["ENTERPRISE", "FREE", "PRO"])
        #expect(try await Plans(pool).find("ENTERPRISE")?.priceCents == nil)
        #expect(try await Plans(pool).find("FREE")?.plan.quotas == [Quota(meter: "requests", perMonth: 10_000)])
        var plan = Plan(code: "TEAM", name: "Team \"9\"")
        plan.limits = [
            Limit(name: "b", scope: .org, capacity: 5, refill: 1, periodMs: 1000),
            Limit(name: "a", scope: .key, capacity: .max, refill: 2, periodMs: 60_000, unit: .cost),
        ]
        plan.concurrency = [ConcurrencyLimit(name: "c", scope: .route, max: 3)]
        plan.quotas = [Quota(meter: "tokens", perMonth: 7), Quota(meter: "jobs", perMonth: 8)]
        plan.features = ["x", "y"]
        let record = PlanRecord(plan, priceCents: 900, currency: "eur")
        try await Plans(pool).put(record)
        #expect(try await Plans(pool).find("TEAM") == record)
        plan.limits = []
        try await Plans(pool).put(PlanRecord(plan, priceCents: nil))
        #expect(try await Plans(pool).find("TEAM") == PlanRecord(plan, priceCents: nil))
        #expect(try await Plans(pool).find("NONE") == nil)
        #expect(
            await refusal { try await Plans(pool).put(PlanRecord(Plan(code: "bad code", name: "x"), priceCents: 1)) }?
                .rule == "plans_code_check")
    }
}
