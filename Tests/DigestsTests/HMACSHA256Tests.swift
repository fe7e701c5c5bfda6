import Digests
import Testing

@Suite struct HMACSHA256Tests {
    private func code(_ key: [UInt8], _ text: String) -> String {
        HMACSHA256(key: key.span).code(for: text.utf8.span).hexText
    }

    @Test func `the vectors of RFC 4231`() {
        #expect(
            code([UInt8](repeating: 0x0B, count: 20), "Hi There")
                == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        #expect(
            code(Array("Jefe".utf8), "what do ya want for nothing?")
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            code([UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First")
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test func `ST-1 Stripe's signature over timestamp, dot and body`() {
        let key = HMACSHA256(key: "whsec_test_secret".utf8.span)
        var running = key.start()
        running.update("1700000000")
        running.update(".")
        running.update(#"{"id":"evt_1","object":"event","type":"invoice.paid"}"#)
        #expect(
            key.finish(running).hexText == "dfb4777aaaec4ea29ff455dd4df7fe6b2ef71096ad3a93a158db7e100109ea91")
    }

    @Test func `WH-1 the Standard Webhooks signature, its secret decoded`() throws {
        let decoded = Base64Text.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".utf8.span)
        let secret = try #require(decoded)
        let signed = #"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#
        let code = HMACSHA256(key: secret.span).code(for: signed.utf8.span).bytes
        #expect(Base64Text.encode(code.span) == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func `one key makes many codes, in parts or whole`() {
        for seed in 0..<DigestSeeds.cases {
            var random = DigestSeeds(seed)
            let key = HMACSHA256(key: random.bytes(upTo: 150).span)
            let message = random.bytes(upTo: 300)
            let cut = Int.random(in: 0...message.count, using: &random)
            var running = key.start()
            running.update(message.span.extracting(0..<cut))
            running.update(message.span.extracting(cut..<message.count))
            #expect(key.finish(running) == key.code(for: message.span), "seed \(seed)")
        }
    }

    @Test func `a key of 64 bytes is padded, one of 65 is hashed`() {
        let long = [UInt8](repeating: 7, count: 65)
        let hashed = SHA256Digest(of: long.span).bytes
        let asDigest = (0..<32).map { hashed[$0] }
        #expect(code(long, "m") == code(asDigest, "m"))
        #expect(code([UInt8](repeating: 7, count: 64), "m") != code(asDigest, "m"))
        #expect(code([], "m") == code([0, 0], "m"))
    }
}
