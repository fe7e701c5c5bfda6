import TestKit
import Testing

@testable import RedisClient

@Suite struct RedisSlotTests {
    @Test func `the checksum is CRC-16 XMODEM`() {
        let digits = Array("123456789".utf8)
        #expect(digits.withUnsafeBytes { RedisSlot.crc16($0) } == 0x31C3)
    }

    @Test(arguments: [
        ("foo", 12_182), ("bar", 5_061), ("hello", 866), ("", 0),
        ("{user1000}.following", 3_443), ("{user1000}.followers", 3_443),
        // Empty braces are no tag; the first closing brace ends it; a second pair is of no account.
        ("foo{}{bar}", 8_363), ("foo{{bar}}zap", 4_015), ("foo{bar}{zap}", 5_061), ("foo{bar", 15_278),
    ])
    func `a key's slot is as the specification says`(key: String, slot: Int) {
        #expect(RedisSlot.of(key) == slot)
    }

    @Test func `slots are those that Redis computes`() async throws {
        let cluster = try await TestRedisCluster.start(primaries: 1)
        let redis = try await cluster.primaries[0].server.connect()
        var random = SplitMix64(seed: 7)
        var keys = ["foo{bar", "foo{}{bar}", "}{a}", "{}", "{a}{b}", "tg:v:{org_1}"]
        let letters = Array("ab{}:_é1")
        for _ in 0..<500 {
            var key = ""
            for _ in 0..<(random.next() % 24) { key.append(letters[Int(random.next() % 8)]) }
            keys.append(key)
        }
        let told = try await redis.pipeline(keys.map { ["CLUSTER", "KEYSLOT", .text($0)] })
        for (key, slot) in zip(keys, told) { #expect(slot.integer == Int64(RedisSlot.of(key)), "\(key)") }
        await redis.close()
        try await cluster.stop()
    }

    @Test func `a command's slot is that of its first key`() {
        #expect(RedisCommandSlot.of(["GET", "foo"]) == 12_182)
        #expect(RedisCommandSlot.of(["evalsha", "abc", 1, "foo", "x"]) == 12_182)
        #expect(RedisCommandSlot.of(["EVALSHA", "abc", 0, "foo"]) == nil)
        #expect(RedisCommandSlot.of(["ping", "foo"]) == nil)
        #expect(RedisCommandSlot.of(["SCAN", "0"]) == nil)
        #expect(RedisCommandSlot.of([]) == nil)
        #expect(RedisCommandSlot.of(["GET"]) == nil)
    }
}
