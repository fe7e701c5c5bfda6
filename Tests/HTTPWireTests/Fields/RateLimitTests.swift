import HTTPWire
import NIOCore
import Testing

@Suite struct RateLimitTests {
    /// The largest Structured Field Integer.
    private static let largest = 999_999_999_999_999

    private func bucket(
        _ name: String, _ capacity: Int, _ refill: Int, per periodMs: Int
    ) throws -> RateLimitPolicy {
        try #require(
            RateLimitPolicy(name: name.utf8.span, capacity: capacity, refill: refill, periodMs: periodMs)
                as RateLimitPolicy?)
    }

    private func policies(_ readings: [RateLimitReading]) -> String {
        FieldTesting.renderHead { RateLimitFields.appendPolicies(readings.span, to: &$0) }
    }

    private func limits(_ readings: [RateLimitReading]) -> String {
        FieldTesting.renderHead { RateLimitFields.appendLimits(readings.span, to: &$0) }
    }

    private func example() throws -> [RateLimitReading] {
        [
            RateLimitReading(
                policy: try bucket("burst", 20, 100, per: 60_000), remaining: 0, nextMs: 600, fullMs: 12_000,
                waitMs: 600),
            RateLimitReading(
                policy: try bucket("day", 100_000, 100_000, per: 86_400_000), remaining: 99_480, nextMs: 864,
                fullMs: 449_280, waitMs: 0),
        ]
    }

    @Test func `the example of a denied request`() throws {
        let readings = try example()
        let lines = FieldTesting.renderHead {
            RateLimitFields.appendLines(readings.span, to: &$0)
            RateLimitFields.appendRetryLines(waitMs: RateLimitFields.waitMs(readings.span), to: &$0)
            RateLimitFields.appendLegacyLines(readings.span, nowMs: 1_900_000_000_000, to: &$0)
        }
        #expect(
            lines == """
                RateLimit-Policy: "burst";q=20;w=12;gw-rate=100;gw-per=60, "day";q=100000;w=86400;gw-rate=100000;gw-per=86400\r
                RateLimit: "burst";r=0;t=1, "day";r=99480\r
                Retry-After: 1\r
                retry-after-ms: 600\r
                X-RateLimit-Limit: 20\r
                X-RateLimit-Remaining: 0\r
                X-RateLimit-Reset: 1900000012\r

                """)
    }

    @Test func `without limits nothing is written`() {
        let none: [RateLimitReading] = []
        let text = FieldTesting.renderHead {
            RateLimitFields.appendLines(none.span, to: &$0)
            RateLimitFields.appendLegacyLines(none.span, nowMs: 0, to: &$0)
            RateLimitFields.appendRetryLines(waitMs: 0, to: &$0)
            RateLimitFields.appendRetryLines(waitMs: -1, to: &$0)
        }
        #expect(text == "")
        #expect(RateLimitFields.nearestExhaustion(none.span) == nil)
        #expect(RateLimitFields.waitMs(none.span) == 0)
    }

    @Test(arguments: [
        (20, 100, 60_000, "q=20;w=12;gw-rate=100;gw-per=60"),
        (1, 1, 1, "q=1;w=1;gw-rate=1000;gw-per=1"),
        (10, 1, 500, "q=10;w=5;gw-rate=2;gw-per=1"),
        (10, 3, 1_500, "q=10;w=5;gw-rate=6;gw-per=3"),
        (7, 2, 1_000, "q=7;w=4;gw-rate=2;gw-per=1"),
        (999_999_999_999_999, 1, 999_999_999_999_999, "q=999999999999999;w=999999999999999"),
    ])
    func `w is the time of a full refill, rounded up, and the rate is whole`(
        capacity: Int, refill: Int, periodMs: Int, parameters: String
    ) throws {
        let reading = RateLimitReading(
            policy: try bucket("b", capacity, refill, per: periodMs), remaining: 1, nextMs: 0, fullMs: 0, waitMs: 0)
        #expect(policies([reading]).hasPrefix("\"b\";\(parameters)"))
    }

    @Test func `quotas and concurrency have their own form`() throws {
        let month = try #require(
            RateLimitPolicy(name: "month".utf8.span, quota: 5000, windowSeconds: 2_678_400) as RateLimitPolicy?)
        let flight = try #require(
            RateLimitPolicy(name: "in-flight".utf8.span, concurrentRequests: 8) as RateLimitPolicy?)
        let readings = [month, flight].map {
            RateLimitReading(policy: $0, remaining: 3, nextMs: 0, fullMs: 0, waitMs: 0)
        }
        #expect(policies(readings) == "\"month\";q=5000;w=2678400, \"in-flight\";q=8;qu=\"concurrent-requests\"")
    }

    @Test func `numbers and names that cannot be advertised are refused`() {
        func refused(_ name: String, _ capacity: Int, _ refill: Int, _ periodMs: Int) -> Bool {
            RateLimitPolicy(name: name.utf8.span, capacity: capacity, refill: refill, periodMs: periodMs) == nil
        }
        #expect(refused("", 1, 1, 1))
        #expect(refused("n\u{e9}", 1, 1, 1))
        #expect(refused("a\nb", 1, 1, 1))
        #expect(refused("a", 0, 1, 1))
        #expect(refused("a", 1, 0, 1))
        #expect(refused("a", 1, 1, 0))
        #expect(refused("a", 1_000_000_000_000_000, 1, 1))
        #expect(refused("a", .max, .max, .max))
        #expect(!refused("two \"quoted\" \\ words", 1, 1, 1))
    }

    @Test func `t stands only where a limit is used up or denied`() throws {
        let policy = try bucket("b", 10, 1, per: 1000)
        func reading(_ remaining: Int, _ nextMs: Int, _ waitMs: Int) -> RateLimitReading {
            RateLimitReading(policy: policy, remaining: remaining, nextMs: nextMs, fullMs: 9000, waitMs: waitMs)
        }
        #expect(limits([reading(10, 0, 0)]) == "\"b\";r=10")
        #expect(limits([reading(3, 500, 0)]) == "\"b\";r=3")
        #expect(limits([reading(0, 500, 0)]) == "\"b\";r=0;t=1")
        #expect(limits([reading(3, 1001, 2500)]) == "\"b\";r=3;t=2")
        #expect(limits([reading(0, 2001, -1)]) == "\"b\";r=0;t=3")
        #expect(limits([reading(-4, 500, 0)]) == "\"b\";r=0;t=1")
    }

    @Test func `RL-1 RL-2 RL-3 RL-7 hold for any numbers`() throws {
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            let readings = try (0..<Int.random(in: 1...5, using: &random)).map { try reading($0, &random) }
            let items = try StrictStructuredFields.list(policies(readings))
            let states = try StrictStructuredFields.list(limits(readings))
            #expect(items.map(\.name) == states.map(\.name), "RL-1, seed \(seed)")
            let waitMs = RateLimitFields.waitMs(readings.span)
            let retryAfter = RateLimitFields.retryAfterSeconds(waitMs: waitMs)
            for (index, state) in states.enumerated() {
                guard case .integer(let remaining) = state["r"] else {
                    Issue.record("r is missing, seed \(seed)")
                    continue
                }
                #expect(remaining == readings[index].remaining, "RL-2, seed \(seed)")
                if case .integer(let seconds) = state["t"], waitMs > 0 {
                    #expect(retryAfter >= seconds, "RL-3, seed \(seed)")
                }
                guard case .integer(let window) = items[index]["w"] else { continue }
                #expect(window >= 1, "RL-2, seed \(seed)")
            }
            let nowMs = Int64.random(in: 0...4_000_000_000_000, using: &random)
            for reading in readings {
                let reset = RateLimitFields.resetSeconds(reading, nowMs: nowMs)
                let exact = Int(nowMs) + reading.fullMs
                #expect(reset * 1000 >= exact && (reset - 1) * 1000 < exact, "RL-7, seed \(seed)")
            }
        }
    }

    private func reading(_ number: Int, _ random: inout FastRandom) throws -> RateLimitReading {
        let name = "b\(number)" + (random.next() & 3 == 0 ? "\"\\" : "")
        func magnitude(_ countMax: Int) -> Int {
            let bound = [10, 1000, 1_000_000, countMax].randomElement(using: &random) ?? countMax
            return Int.random(in: 1...bound, using: &random)
        }
        let capacity = magnitude(RateLimitTests.largest)
        let policy = try bucket(name, capacity, magnitude(1_000_000_000), per: magnitude(86_400_000))
        let remaining = random.next() & 1 == 0 ? 0 : Int.random(in: 0...capacity, using: &random)
        let nextMs = Int.random(in: 0...100_000, using: &random)
        let isDenied = random.next() & 3 == 0
        return RateLimitReading(
            policy: policy, remaining: remaining, nextMs: nextMs, fullMs: nextMs + magnitude(1_000_000),
            waitMs: isDenied ? nextMs + magnitude(1000) : 0)
    }

    @Test func `RL-3 the wait is rounded up, is at least a second, and the milliseconds are exact`() {
        #expect(RateLimitFields.retryAfterSeconds(waitMs: 1) == 1)
        #expect(RateLimitFields.retryAfterSeconds(waitMs: 1000) == 1)
        #expect(RateLimitFields.retryAfterSeconds(waitMs: 1001) == 2)
        #expect(RateLimitFields.retryAfterSeconds(waitMs: 0) == 1)
        #expect(RateLimitFields.retryAfterSeconds(waitMs: .max) == Int.max / 1000 + 1)
        #expect(
            FieldTesting.renderHead { RateLimitFields.appendRetryLines(waitMs: 61_001, to: &$0) }
                == "Retry-After: 62\r\nretry-after-ms: 61001\r\n")
    }

    @Test func `RL-7 the reset never overflows`() throws {
        let policy = try bucket("b", 10, 1, per: 1000)
        let reading = RateLimitReading(policy: policy, remaining: 1, nextMs: 0, fullMs: .max, waitMs: 0)
        #expect(RateLimitFields.resetSeconds(reading, nowMs: .max) == 999_999_999_999_999)
    }

    @Test func `one limit stands for all: denied first, then the least part left`() throws {
        let small = try bucket("small", 10, 1, per: 1000)
        let large = try bucket("large", 1000, 1, per: 1000)
        func nearest(_ readings: RateLimitReading...) -> Int? { RateLimitFields.nearestExhaustion(readings.span) }
        func reading(_ policy: RateLimitPolicy, _ remaining: Int, waitMs: Int = 0) -> RateLimitReading {
            RateLimitReading(policy: policy, remaining: remaining, nextMs: 1, fullMs: 1, waitMs: waitMs)
        }
        #expect(nearest(reading(small, 5), reading(large, 100)) == 1)
        #expect(nearest(reading(small, 1), reading(large, 900)) == 0)
        #expect(nearest(reading(small, 5), reading(large, 500)) == 0)
        #expect(nearest(reading(small, 0), reading(large, 3, waitMs: 9)) == 1)
        #expect(RateLimitFields.waitMs([reading(small, 0, waitMs: 5), reading(large, 3, waitMs: 9)].span) == 9)
        #expect(RateLimitFields.waitMs([reading(small, 0, waitMs: 5), reading(large, 3, waitMs: -1)].span) == -1)
    }
}
