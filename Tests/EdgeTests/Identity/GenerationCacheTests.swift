import TestKit
import Testing

@testable import Edge

@Suite struct GenerationCacheTests {
    @Test func `what was put in is found until it is removed`() {
        var cache = GenerationCache<String, Int>(capacity: 10)
        #expect(cache.find("a") == nil)
        cache.insert(1, for: "a")
        #expect(cache.find("a") == 1)
        cache.insert(2, for: "a")
        #expect(cache.find("a") == 2)
        cache.remove("a")
        #expect(cache.find("a") == nil)
        #expect(cache.count == 0)
    }

    @Test func `what is asked for stays, what is not goes`() {
        var cache = GenerationCache<Int, Int>(capacity: 10)
        cache.insert(0, for: 0)
        for key in 1...100 {
            cache.insert(key, for: key)
            #expect(cache.find(0) == 0, "after \(key)")
        }
        #expect(cache.find(50) == nil)
        #expect(cache.find(100) == 100)
    }

    @Test func `everything can be forgotten at once`() {
        var cache = GenerationCache<Int, Int>(capacity: 10)
        for key in 0..<10 { cache.insert(key, for: key) }
        cache.removeAll()
        #expect(cache.count == 0)
        for key in 0..<10 { #expect(cache.find(key) == nil) }
    }

    @Test func `it is never beyond its capacity and never wrong`() {
        let seed: UInt64 = 0xCAC4E
        var random = SplitMix64(seed: seed)
        for capacity in [1, 2, 3, 8, 64] {
            var cache = GenerationCache<Int, Int>(capacity: capacity)
            var truth: [Int: Int] = [:]
            for _ in 0..<2_000 {
                let key = Int.random(in: 0..<(capacity * 3), using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0, 1:
                    let value = Int.random(in: 0..<1_000, using: &random)
                    cache.insert(value, for: key)
                    truth[key] = value
                case 2:
                    cache.remove(key)
                    truth[key] = nil
                default:
                    if let found = cache.find(key) { #expect(found == truth[key], "seed \(seed)") }
                }
                #expect(cache.count <= max(2, capacity), "seed \(seed)")
            }
        }
    }
}
