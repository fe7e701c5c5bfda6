import Glibc
import Testing

@testable import Domain

/// A small generator with a seed (SplitMix64), so that a failure can be repeated.
struct SeededBytes: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next() >> 32) }
}

@Suite struct KeyFormatTests {
    let format = KeyFormat(brand: "tgk")
    let vector = "tgk_test_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvrv"

    func check(_ key: String, _ format: KeyFormat? = nil) -> Environment? {
        let bytes = Array(key.utf8)
        return (format ?? self.format).check(bytes.span)
    }

    @Test func `the CRC-32 check value`() {
        var checksum = Checksum()
        for byte in "123456789".utf8 { checksum.update(byte) }
        #expect(checksum.value == 0xCBF4_3926)
    }

    @Test func `AK-8 the vector of the standard is made and accepted`() {
        var next: UInt8 = 0
        let made = format.generate(environment: .test) {
            defer { next += 1 }
            return next
        }
        #expect(made == vector)
        #expect(check(vector) == .test)
        #expect(format.length == 47)
        #expect(format.displayPrefix(vector) == "tgk_test_012")
    }

    @Test func `bytes of 248 and above are thrown away`() {
        var bytes: [UInt8] = [248, 255, 250] + (0..<16).flatMap { [UInt8($0), 249] } + (16..<32).map { UInt8($0) }
        let made = format.generate(environment: .test) { bytes.removeFirst() }
        #expect(made == vector)
        #expect(bytes.isEmpty)
    }

    @Test func `AK-8 generated keys have the form, and their characters are uniform`() throws {
        var random = SeededBytes(seed: 8)
        var counts = [UInt8: Int]()
        let keys = getenv("TOLLGATE_FULL") == nil ? 20_000 : 1_000_000
        for index in 0..<keys {
            let environment: Environment = index % 2 == 0 ? .live : .test
            let key = format.generate(environment: environment) { random.byte() }
            guard check(key) == environment else {
                Issue.record("\(key) is refused")
                return
            }
            for byte in key.utf8.dropFirst(9).prefix(32) { counts[byte, default: 0] += 1 }
        }
        let expected = Double(keys * 32) / 62
        let chiSquared = counts.values.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        #expect(counts.count == 62)
        // 61 degrees of freedom: 120 is passed once in 100 000 times.
        #expect(chiSquared < 120)
    }

    @Test func `AK-1 every change of one character is refused`() {
        let bytes = Array(vector.utf8)
        for index in bytes.indices {
            for replacement in [UInt8(ascii: "0"), UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"), 0, 0xFF] {
                guard bytes[index] != replacement else { continue }
                var changed = bytes
                changed[index] = replacement
                let environment = format.check(changed.span)
                #expect(environment == nil, "position \(index) as \(replacement)")
            }
        }
    }

    @Test(
        arguments: [
            "", "tgk", "tgk_live_", "tgk_prod_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvrv",
            "tgk_test_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvr", "tgk_test_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvrv0",
            "TGK_test_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvrv", "tgk_test_0123456789ABCDEFGHIJKLMNOPQRSTUVzzzzzz",
            " tgk_test_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvr", "tgk_live_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvrv",
        ])
    func `AK-1 what is not a key is refused`(key: String) { #expect(check(key) == nil) }

    @Test func `another brand has its own length and refuses the first`() {
        let other = KeyFormat(brand: "acme1")
        var random = SeededBytes(seed: 3)
        let key = other.generate(environment: .live) { random.byte() }
        #expect(key.hasPrefix("acme1_live_") && other.length == 49)
        #expect(check(key, other) == .live)
        #expect(check(key) == nil)
        #expect(check(vector, other) == nil)
    }

    @Test func `brands are two to eight lower-case letters or digits, a letter first`() {
        for brand in ["tgk", "ab", "a2345678"] { #expect(KeyFormat.isValid(brand: brand)) }
        for brand in ["", "a", "a23456789", "1ab", "Tgk", "t_k", "tg-", "tgé"] {
            #expect(!KeyFormat.isValid(brand: brand), "\(brand)")
        }
    }
}
