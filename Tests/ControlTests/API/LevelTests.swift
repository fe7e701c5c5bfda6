import Domain
import Testing

@testable import Control

/// Reading what the scripts keep of buckets.
struct LevelTests {
    private static func packed(_ numbers: [Double]) -> [UInt8] {
        numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * UInt64($0))) } }
    }

    @Test func `a level is found by its bucket's id, whatever list it was kept under, and refills`() throws {
        let limit = Limit(name: "requests", scope: .org, capacity: 10, refill: 1, periodMs: 1_000)
        let rule = try BucketRule(limit)
        let units = Double(rule.unitsPerToken)
        // One bucket: shape, time, expiry, level, id, unit.
        let state = try #require(
            PackedBuckets(Self.packed([64 * 7 + 1, 1_000, 99_000, 3 * units, Double(rule.id), units])))
        #expect(rule.remaining(state.level(of: rule, nowMs: 1_000)) == 3)
        #expect(rule.remaining(state.level(of: rule, nowMs: 3_000)) == 5)
        #expect(rule.remaining(state.level(of: rule, nowMs: 100_000)) == 10)
        // Left behind by another list, in other units.
        let left = try #require(
            PackedBuckets(Self.packed([64 + 1, 1_000, 99_000, 5, 42, 7, Double(rule.id), 2 * units, 4 * units, 1_000])))
        #expect(rule.remaining(left.level(of: rule, nowMs: 1_000)) == 2)
        let unknown = try #require(PackedBuckets(Self.packed([64 + 1, 1_000, 99_000, 5, 42, 7])))
        #expect(unknown.level(of: rule, nowMs: 1_000) == rule.full)
        #expect(PackedBuckets([1, 2, 3]) == nil && PackedBuckets(Self.packed([.nan, 0, 0])) == nil)
    }

    @Test func `failures of one address or prefix are slowed down and forgotten with time, in bounded room`() {
        var throttle = LoginThrottle()
        for _ in 0..<20 {
            #expect(throttle.wait(address: "a", prefix: "p\(throttle.bucketCount)", nowS: 100) == nil)
            throttle.failed(address: "a", prefix: "p\(throttle.bucketCount)", nowS: 100)
        }
        #expect(throttle.wait(address: "a", prefix: "new", nowS: 100) == 3)
        #expect(throttle.wait(address: "b", prefix: "new", nowS: 100) == nil)
        #expect(throttle.wait(address: "a", prefix: "new", nowS: 103) == nil)
        for _ in 0..<10 { throttle.failed(address: "c", prefix: "same", nowS: 200) }
        #expect(throttle.wait(address: "d", prefix: "same", nowS: 200) == 12)
        for number in 0..<50_000 { throttle.failed(address: "\(number)", prefix: "\(number)", nowS: 300) }
        #expect(throttle.bucketCount <= LoginThrottle.bucketsMax + 2)
    }
}
