import Digests
import Testing

@Suite struct TextFormTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the base64 vectors of RFC 4648`(plain: String, encoded: String) {
        #expect(Base64Text.encode(plain.utf8.span) == encoded)
        #expect(Base64Text.decode(encoded.utf8.span) == Array(plain.utf8))
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "Zm-_", "====", "=AAA", "A===", "Zm 9"])
    func `base64 that is not canonical is refused`(text: String) {
        #expect(Base64Text.decode(text.utf8.span) == nil)
    }

    @Test func `base64 and hex round trip, and random text never traps`() {
        for seed in 0..<DigestSeeds.cases {
            var random = DigestSeeds(seed)
            let bytes = random.bytes(upTo: 100)
            #expect(Base64Text.decode(Base64Text.encode(bytes.span).utf8.span) == bytes, "seed \(seed)")
            #expect(HexText.decode(HexText.encode(bytes.span).utf8.span) == bytes, "seed \(seed)")
            if let decoded = Base64Text.decode(bytes.span) {
                #expect(Base64Text.encode(decoded.span).utf8.elementsEqual(bytes), "seed \(seed)")
            }
            _ = HexText.decode(bytes.span)
        }
    }

    @Test func `hex of odd length or with other characters is refused`() {
        #expect(HexText.decode("abc".utf8.span) == nil)
        #expect(HexText.decode("0x".utf8.span) == nil)
        #expect(HexText.decode("aF09".utf8.span) == [0xAF, 0x09])
    }

    @Test func `constant-time comparison agrees with plain comparison`() {
        #expect(ConstantTime.areEqual("", ""))
        #expect(ConstantTime.areEqual("same", "same"))
        #expect(!ConstantTime.areEqual("same", "sama"))
        #expect(!ConstantTime.areEqual("same", "sam"))
        #expect(!ConstantTime.areEqual("Same", "same"))
    }
}
