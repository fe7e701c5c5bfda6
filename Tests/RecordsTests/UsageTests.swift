import Domain
import PostgresClient
import TestKit
import Testing

@testable import Records

@Suite struct `Metered usage` {
    private let hour = PostgresInstant(unixSeconds: 1_700_000_000 / 3600 * 3600)

    private func counter(
        epoch: String = "e1", org: String = "org_1", key: String = "key_1", environment: Environment = .live,
        meter: String = "requests", at: PostgresInstant? = nil, _ added: Int64, voided: Int64 = 0
    ) -> UsageCounter {
        UsageCounter(
            epoch: epoch, orgID: org, apiKeyID: key, environment: environment, meter: meter, windowStart: at ?? hour,
            added: added, voided: voided)
    }

    private func total(_ pool: PostgresPool) async throws -> Int {
        try await pool.number("SELECT coalesce(sum(quantity), 0)::bigint FROM usage_meters")
    }

    @Test func `repeated, late and lower values change nothing`() async throws {
        let pool = try await freshRecords()
        let usage = Usage(pool)
        #expect(try await usage.record([counter(5)]).changed == 1)
        #expect(try await usage.record([counter(5)]).changed == 0)
        #expect(try await usage.record([counter(3)]).changed == 0)
        #expect(try await total(pool) == 5)
        #expect(try await usage.record([counter(9, voided: 9)]).changed == 1)
        #expect(try await total(pool) == 0)
        #expect(try await usage.record([counter(9, voided: 2)]).changed == 0)
        #expect(try await usage.record([counter(12, voided: 9), counter(4), counter(11, voided: 1)]).changed == 1)
        #expect(try await total(pool) == 3)
        #expect(try await usage.record([]).changed == 0)
    }

    @Test func `a Redis that came back empty adds to what its former life had counted`() async throws {
        let pool = try await freshRecords()
        _ = try await Usage(pool).record([counter(100, voided: 10)])
        _ = try await Usage(pool).record([counter(epoch: "e2", 7), counter(100, voided: 10)])
        #expect(try await total(pool) == 97)
        #expect(try await pool.number("SELECT count(*) FROM usage_meters") == 1)
    }

    private func state(_ id: String) -> UsageJournals.State {
        .init(id: id, host: "h", path: "p", opened: 1, settled: 1, uncovered: 0)
    }

    @Test func `counters of a journal that was closed long ago go, the meters stay, and it is never counted again`()
        async throws
    {
        let pool = try await freshRecords()
        let journals = UsageJournals(pool)
        _ = try await journals.close(state("e1"), [counter(100), counter(key: "key_2", 3)])
        _ = try await journals.close(state("e2"), [counter(epoch: "e2", 7)])
        try await journals.saw(state("e3"))
        _ = try await Usage(pool).record([counter(epoch: "e3", 1)])
        #expect(try await journals.fold(ageMs: 1_000_000) == 0, "too young")
        try await pool.query("UPDATE usage_journals SET closed_at = now() - interval '1 hour' WHERE id = 'e1'")
        #expect(try await journals.fold(ageMs: 1_000_000) == 2)
        #expect(try await journals.fold(ageMs: 1_000_000) == 0)
        #expect(try await pool.number("SELECT count(*) FROM usage_counters WHERE epoch = 'e1'") == 0)
        #expect(
            try await pool.number("SELECT count(*) FROM usage_counters") == 2, "what lives, and what is young, stays")
        #expect(try await total(pool) == 111)
        // An old file of Redis, or of the journal, comes back.
        #expect(try await Usage(pool).record([counter(100), counter(epoch: "e3", 2)]).changed == 1)
        _ = try await journals.close(state("e1"), [counter(100)])
        #expect(try await total(pool) == 112)
        #expect(try await pool.number("SELECT count(*) FROM usage_counters WHERE epoch = 'e1'") == 0)
    }

    @Test func `reports and folding at once count every epoch once`() async throws {
        let pool = try await freshRecords(connectionsMax: 6)
        let journals = UsageJournals(pool)
        let epochs = (0..<40).map { "e\($0)" }
        for epoch in epochs { _ = try await journals.close(state(epoch), [counter(epoch: epoch, 10)]) }
        try await pool.query("UPDATE usage_journals SET closed_at = now() - interval '1 hour'")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { _ = try await journals.fold(ageMs: 1_000) } }
            for task in 0..<3 {
                group.addTask {
                    for epoch in task == 0 ? epochs.reversed() : epochs {
                        _ = try await Usage(pool).record([self.counter(epoch: epoch, 10)])
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await total(pool) == 400)
        // A journal that somebody reports of is left for the next time.
        _ = try await journals.fold(ageMs: 1_000)
        #expect(try await pool.number("SELECT count(*) FROM usage_counters") == 0)
    }

    @Test(arguments: UsageTestSeeds.all)
    func `any order, repetition and splitting of reports gives the same meters`(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let pool = try await freshRecords(connectionsMax: 4)
        var reports: [UsageCounter] = []
        var final: [String: Int64] = [:]
        for epoch in ["e1", "e2", "e3"] {
            for key in ["key_1", "key_2"] {
                for offset in 0..<3 {
                    let at = hour.advanced(by: .seconds(3600 * offset))
                    var (added, voided): (Int64, Int64) = (0, 0)
                    for _ in 0..<Int.random(in: 1...6, using: &random) {
                        added += Int64.random(in: 0...50, using: &random)
                        voided = Int64.random(in: voided...added, using: &random)
                        reports.append(counter(epoch: epoch, key: key, at: at, added, voided: voided))
                    }
                    final["\(key) \(at.unixMicroseconds)", default: 0] += added - voided
                }
            }
        }
        reports += reports.filter { _ in Bool.random(using: &random) }
        reports.shuffle(using: &random)
        var batches: [[UsageCounter]] = []
        while !reports.isEmpty {
            let count = min(reports.count, Int.random(in: 1...12, using: &random))
            batches.append(Array(reports.prefix(count)))
            reports.removeFirst(count)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for batch in batches { group.addTask { _ = try await Usage(pool).record(batch) } }
            try await group.waitForAll()
        }
        let rows = try await pool.query("SELECT api_key_id, window_start, quantity FROM usage_meters")
        var seen: [String: Int64] = [:]
        for row in rows {
            let at: PostgresInstant = try row["window_start"]
            seen["\(try row["api_key_id", as: String.self]) \(at.unixMicroseconds)"] = try row["quantity"]
        }
        #expect(seen == final, "seed \(seed)")
    }

    @Test func `a counter that cannot be true is refused without holding up the others`() async throws {
        let pool = try await freshRecords()
        let bad = [
            counter(5, voided: 6), counter(-1), counter(1, voided: -1), counter(epoch: "", 1),
            counter(meter: "a\0b", 1),
            counter(at: hour.advanced(by: .seconds(1)), 1), counter(epoch: String(repeating: "e", count: 65), 1),
        ]
        let receipt = try await Usage(pool).record(bad + [counter(2)])
        #expect(receipt == Usage.Receipt(changed: 1, refused: bad))
        #expect(try await total(pool) == 2)
    }

    @Test func `the counters themselves never go back`() async throws {
        let pool = try await freshRecords()
        _ = try await Usage(pool).record([counter(5)])
        #expect(
            await constraint { try await pool.query("UPDATE usage_counters SET added = 4") } == "usage_counters_grow")
        #expect(
            await constraint { try await pool.query("UPDATE usage_counters SET meter = 'x'") } == "usage_counters_fixed"
        )
        #expect(
            await constraint { try await pool.query("UPDATE usage_counters SET voided = 6") } == "usage_counters_voided"
        )
        #expect(try await total(pool) == 5)
    }

    @Test func `sums by hour, day and month, of one key, meter or environment`() async throws {
        let pool = try await freshRecords()
        let start = PostgresInstant(unixSeconds: 1_706_745_600 - 2 * 3600)  // 2024-01-31T22:00Z
        let at = { (hours: Int64) in start.advanced(by: .seconds(hours * 3600)) }
        _ = try await Usage(pool).record([
            counter(at: at(0), 1), counter(at: at(1), 2), counter(at: at(2), 4), counter(key: "key_2", at: at(2), 8),
            counter(meter: "tokens", at: at(2), 16), counter(environment: .test, at: at(26), 32),
            counter(org: "org_2", at: at(0), 64),
        ])
        var query = UsageQuery(orgID: "org_1", from: at(0), until: at(1000), step: .hour)
        #expect(try await Usage(pool).sums(query).map(\.quantity) == [1, 2, 12, 16, 32])
        query.step = .day
        query.meter = "requests"
        #expect(try await Usage(pool).sums(query).map(\.quantity) == [3, 12, 32])
        query.step = .month
        #expect(try await Usage(pool).sums(query).map(\.quantity) == [3, 12, 32])
        query.environment = .live
        #expect(try await Usage(pool).sums(query).map(\.start) == [at(-22 - 24 * 30), at(2)])
        query.isByKey = true
        #expect(try await Usage(pool).sums(query).map(\.apiKeyID) == ["key_1", "key_1", "key_2"])
        query.apiKeyID = "key_2"
        #expect(
            try await Usage(pool).sums(query) == [
                UsageSum(start: at(2), environment: .live, meter: "requests", apiKeyID: "key_2", quantity: 8)
            ])
        query.until = at(2)
        #expect(try await Usage(pool).sums(query).isEmpty)
    }
}

/// Few by default, many on demand.
enum UsageTestSeeds {
    static let all: [UInt64] = (1...(TestEffort.isFull ? 50 : 4)).map { UInt64($0) }
}
