import Digests
import Testing

@Suite struct SHA256Tests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "tgk_test_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvrv",
            "cf11c71d255ae9baf45f90e4b318ee725c6523a0bf518161ba6a465e6b3a1ad0"
        ),
    ])
    func `known digests, the API key vector among them`(text: String, hex: String) {
        #expect(SHA256Digest(of: text).hexText == hex)
        #expect(SHA256Digest(hex: hex) == SHA256Digest(of: text))
        #expect(SHA256Digest(hex: hex.uppercased()) == SHA256Digest(of: text))
    }

    @Test func `a million bytes in uneven pieces`() {
        var hasher = SHA256Hasher()
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        var start = 0
        var size = 1
        while start < bytes.count {
            let end = min(start + size, bytes.count)
            hasher.update(bytes.span.extracting(start..<end))
            start = end
            size = size * 3 % 1021 + 1
        }
        #expect(hasher.finish().hexText == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func `a copied hasher goes its own way`() {
        var first = SHA256Hasher()
        first.update("ab")
        var second = first
        first.update("c")
        second.update("d")
        #expect(first.finish() == SHA256Digest(of: "abc"))
        #expect(second.finish() == SHA256Digest(of: "abd"))
    }

    @Test func `length prefixes keep parts apart`() {
        func digest(_ parts: [String]) -> SHA256Digest {
            var hasher = SHA256Hasher()
            for part in parts {
                hasher.update(bigEndian: UInt64(part.utf8.count))
                hasher.update(part)
            }
            return hasher.finish()
        }
        #expect(digest(["ab", "c"]) != digest(["a", "bc"]))
        var same = SHA256Hasher()
        same.update([0, 0, 0, 0, 0, 0, 0, 2, 0x61, 0x62].span)
        #expect(digest(["ab"]) == same.finish())
    }

    @Test func `bytes, words and hex are the same digest`() {
        for seed in 0..<DigestSeeds.cases {
            var random = DigestSeeds(seed)
            let digest = SHA256Digest(of: random.bytes(upTo: 200).span)
            let bytes = digest.bytes
            let hex = digest.hex
            let copied = (0..<32).map { bytes[$0] }
            #expect(SHA256Digest(bytes: bytes.span) == digest, "seed \(seed)")
            #expect(SHA256Digest(hex: hex.span) == digest, "seed \(seed)")
            #expect(HexText.encode(copied.span) == digest.hexText, "seed \(seed)")
            #expect(HexText.decode(digest.hexText.utf8.span) == copied, "seed \(seed)")
        }
    }

    @Test func `digests that differ in any bit are unequal`() {
        let digest = SHA256Digest(of: "x")
        for bit in 0..<256 {
            var bytes = digest.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(SHA256Digest(bytes: bytes.span) != digest, "bit \(bit)")
        }
    }

    @Test func `what is no digest is refused`() {
        #expect(SHA256Digest(hex: "") == nil)
        #expect(SHA256Digest(hex: String(repeating: "a", count: 63)) == nil)
        #expect(SHA256Digest(hex: String(repeating: "a", count: 63) + "g") == nil)
        #expect(SHA256Digest(hex: String(repeating: "a", count: 65)) == nil)
        #expect(SHA256Digest(bytes: [UInt8](repeating: 0, count: 31).span) == nil)
        #expect(SHA256Digest(bytes: [UInt8](repeating: 0, count: 33).span) == nil)
    }

    @Test func `a digest is a dictionary key`() {
        var seen: [SHA256Digest: Int] = [:]
        for number in 0..<1000 { seen[SHA256Digest(of: "\(number)")] = number }
        #expect(seen.count == 1000)
        #expect(seen[SHA256Digest(of: "371")] == 371)
    }
}
