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

    @Test func `the file seeds a plan until the records have spoken`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        var number = 0
        func seed(_ plans: [Plan], isForced: Bool = false) async throws -> Plans.Seeded {
            try await Plans(pool).seed(plans, isForced: isForced) {
                number += 1
                return "aud_\(number)"
            }
        }
        var free = Plan(code: "FREE", name: "Free")
        free.limits = [Limit(name: "burst", scope: .key, capacity: 20, refill: 100, periodMs: 60_000)]
        free.features = ["exports"]
        let team = Plan(code: "TEAM", name: "Team")
        #expect(try await Plans(pool).find("FREE")?.source == .default)
        _ = try await drained(pool)
        let before = try await pool.version(of: org)
        #expect(try await seed([team, free]).changed == ["FREE", "TEAM"])
        let seeded = try #require(try await Plans(pool).find("FREE"))
        #expect(seeded.plan == free && seeded.source == .file && seeded.priceCents == 0)
        #expect(try await EdgeRecords(pool).orgs([org.id]).first?.grants == free.grants)
        #expect(try await pool.version(of: org) == before + 1)
        #expect(try await drained(pool).map(\.orgID) == [org.id])
        let entries = try await AuditLog(pool).list(AuditLog.Filter())
        #expect(entries.map(\.entry.target) == ["TEAM", "FREE"])
        #expect(entries.allSatisfy { $0.entry.actor == "configuration-file" && $0.entry.action == "plan.seed" })

        #expect(try await seed([team, free]) == Plans.Seeded(), "the same again changes nothing")
        #expect(try await drained(pool).isEmpty)
        free.limits[0].capacity = 30
        #expect(try await seed([team, free]).changed == ["FREE"])

        var own = PlanRecord(free, priceCents: 100)
        own.plan.limits[0].capacity = 99
        try await Plans(pool).put(own)
        #expect(try await seed([team, free]) == Plans.Seeded(changed: [], overruled: ["FREE"]))
        #expect(try await Plans(pool).find("FREE") == own)
        #expect(try await seed([free], isForced: true).changed == ["FREE"])
        let back = try #require(try await Plans(pool).find("FREE"))
        #expect(back.plan == free && back.source == .file && back.priceCents == 100)
    }

    @Test func `processes that seed at once agree, and none locks the other out`() async throws {
        let pool = try await freshRecords(connectionsMax: 8)
        for _ in 0..<5 { _ = try await pool.signedUp() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...12 {
                group.addTask {
                    let plans = ["FREE", "PRO", "TEAM"].map { code in
                        var plan = Plan(code: code, name: code)
                        plan.quotas = [Quota(meter: "jobs", perMonth: number)]
                        return plan
                    }
                    _ = try await Plans(pool).seed(number % 2 == 0 ? plans : plans.reversed()) { newID("aud") }
                }
            }
            try await group.waitForAll()
        }
        let quotas = try await ["FREE", "PRO", "TEAM"].asyncMap { try await Plans(pool).find($0)?.plan.quotas }
        #expect(Set(quotas).count == 1, "all of one file")
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
