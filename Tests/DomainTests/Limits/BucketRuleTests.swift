import TestKit
import Testing

@testable import Domain

/// The arithmetic of one bucket (STANDARDS §9).
struct BucketRuleTests {
    /// The same bucket in exact fractions: a level is a number of P-ths of a token.
    private struct Rational {
        let (capacity, refill, periodMs): (Int, Int, Int)
        var level: Int
        var timeMs: Int

        init(_ limit: Limit, timeMs: Int) {
            (self.capacity, self.refill, self.periodMs) = (limit.capacity, limit.refill, limit.periodMs)
            self.level = limit.capacity * limit.periodMs
            self.timeMs = timeMs
        }

        mutating func refill(_ nowMs: Int) {
            let dt = max(0, nowMs - self.timeMs)
            let (gain, isHuge) = dt.multipliedReportingOverflow(by: self.refill)
            let full = self.capacity * self.periodMs
            self.level = isHuge || gain > full ? full : min(full, self.level + gain)
            self.timeMs = nowMs
        }

        func ms(for missing: Int) -> Int { missing <= 0 ? 0 : (missing + self.refill - 1) / self.refill }
    }

    @Test func `TB-1b every decision, wait and level equals exact rational arithmetic`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        let refills = [1, 3, 7, 60, 100, 333, 1_000, 10_000, 999_983]
        for _ in 0..<TestEffort.cases(120, full: 5_000) {
            let limit = Limit(
                name: "l", scope: .key, capacity: Int.random(in: 1...50_000, using: &random),
                refill: refills.randomElement(using: &random) ?? 1,
                periodMs: Int.random(in: 1_000...86_400_000, using: &random), unit: .cost)
            let rule = try BucketRule(limit)
            var nowMs = 1_763_700_000_000
            var (level, timeMs) = (rule.full, nowMs)
            var exact = Rational(limit, timeMs: nowMs)
            for _ in 0..<100 {
                nowMs += Int.random(in: 0...(limit.periodMs / 3), using: &random)
                let cost = Int.random(in: 0...(limit.capacity + 1), using: &random)
                level = rule.refilled(level, sinceMs: timeMs, nowMs: nowMs)
                timeMs = nowMs
                exact.refill(nowMs)
                let (need, exactNeed) = (rule.need(cost: cost), cost * limit.periodMs)
                let wait = cost > limit.capacity ? -1 : exact.ms(for: exactNeed - exact.level)
                try #require(rule.msToFit(need, level: level) == wait, "seed \(seed), \(limit)")
                try #require(rule.fitting(1, need: need, level: level) == (wait == 0 ? 1 : 0), "seed \(seed), \(limit)")
                if wait == 0 {
                    level -= need
                    exact.level -= exactNeed
                }
                let remaining = exact.level / limit.periodMs
                let next = (remaining + 1) * limit.periodMs - exact.level
                try #require(rule.remaining(level) == remaining, "seed \(seed), \(limit)")
                try #require(
                    rule.msToNext(level) == (remaining < limit.capacity ? exact.ms(for: next) : 0), "seed \(seed)")
                try #require(
                    rule.msToFull(level) == exact.ms(for: limit.capacity * limit.periodMs - exact.level), "seed \(seed)"
                )
            }
        }
    }

    private func limit(_ capacity: Int, _ refill: Int, _ periodMs: Int) -> Limit {
        Limit(name: "l", scope: .key, capacity: capacity, refill: refill, periodMs: periodMs)
    }

    @Test func `the worked example of the standard`() throws {
        let rule = try BucketRule(self.limit(20, 100, 60_000))
        #expect(rule.unitsPerToken == 600)
        #expect(rule.unitsPerMs == 1)
        #expect(rule.windowSeconds == 12)
        let view = BucketReading(rule, level: 0, need: rule.need(cost: 1))
        #expect((view.remaining, view.nextMs, view.fullMs, view.waitMs) == (0, 600, 12_000, 600))
        #expect(BucketReading(rule, level: 0, need: 0).waitMs == 0)
        #expect(rule.msToFit(5 * 600, level: 0) == 3_000)
    }

    @Test func `a batch fits as often as its requests would one by one`() throws {
        let rule = try BucketRule(self.limit(10, 1, 1_000))
        #expect(rule.fitting(20, need: 3_000, level: 10_000) == 3)
        #expect(rule.fitting(2, need: 3_000, level: 10_000) == 2)
        #expect(rule.fitting(5, need: 0, level: 0) == 5)
        #expect(rule.fitting(5, need: 0, level: -1) == 0, "debt blocks what costs nothing, too")
        #expect(rule.fitting(5, need: 1_000, level: -1) == 0)
    }

    @Test func `numbers beyond 2^53 are made coarser, or refused`() throws {
        // 10^9 tokens in sub-units of a day's milliseconds would need 8.6 x 10^16.
        let limit = self.limit(1_000_000_000, 999_983, 86_400_000)
        let rule = try BucketRule(limit)
        #expect(rule.full < 1 << 53)
        #expect(rule.unitsPerToken < 86_400_000)
        let exact = 86_400_000.0 / 999_983.0
        let coarse = Double(rule.unitsPerToken) / Double(rule.unitsPerMs)
        #expect(coarse >= exact, "never faster than configured")
        #expect((coarse - exact) / exact < 1e-6, "the units are rounded after the rate")
        #expect(throws: BucketRuleError(limit: "l", reason: .tooFine)) {
            try BucketRule(self.limit(1_000_000_000_000, 1, 86_400_000))
        }
        for limit in [self.limit(.max, 1, 1), self.limit(1, .max, 1), self.limit(1 << 53, 1, 1)] {
            #expect(throws: BucketRuleError(limit: "l", reason: .tooFine)) { try BucketRule(limit) }
        }
    }

    @Test func `what is below 1 is refused with its name`() {
        #expect(throws: BucketRuleError(limit: "l", reason: .notPositive("capacity"))) {
            try BucketRule(self.limit(0, 1, 1))
        }
        #expect(throws: BucketRuleError(limit: "l", reason: .notPositive("refill"))) {
            try BucketRule(self.limit(1, -1, 1))
        }
        #expect(throws: BucketRuleError(limit: "l", reason: .notPositive("period"))) {
            try BucketRule(self.limit(1, 1, 0))
        }
        #expect(throws: BucketRuleError(limit: "l", reason: .notPositive("debt"))) {
            try BucketRule(self.limit(1, 1, 1), debtMax: -1)
        }
    }

    @Test(arguments: [(20, 100, 60_000, 12), (1, 1, 1, 1), (10, 3, 1_000, 4), (100_000, 100_000, 86_400_000, 86_400)])
    func `the window is the time in which the capacity flows in`(
        capacity: Int, refill: Int, periodMs: Int, seconds: Int
    ) throws {
        #expect(try BucketRule(self.limit(capacity, refill, periodMs)).windowSeconds == seconds)
    }

    @Test func `a huge pause fills and does not overflow`() throws {
        let rule = try BucketRule(self.limit(1_000_000, 999_983, 1_000))
        #expect(rule.refilled(0, sinceMs: 0, nowMs: .max) == rule.full)
        #expect(rule.refilled(rule.full, sinceMs: 10, nowMs: 5) == rule.full)
    }
}
