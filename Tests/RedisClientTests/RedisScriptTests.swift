import NIOCore
import Testing

@testable import RedisClient

@Suite struct RedisScriptTests {
    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        (String(repeating: "a", count: 1_000), "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
    ])
    func `SHA-1 of the published vectors`(message: String, digest: String) {
        #expect(SHA1.hexDigest(Array(message.utf8)) == digest)
    }

    @Test func `a call begins with EVALSHA, the digest and the number of keys`() {
        let script = RedisScript(name: "one", source: "return 1")
        #expect(script.sha1 == "e0e1f9fabfc9d4800c877a703b823ac0578ff8db")
        var output = ByteBuffer()
        script.beginCall(keyCount: 2, argumentCount: 3, into: &output)
        #expect(String(buffer: output) == "*8\r\n$7\r\nEVALSHA\r\n$40\r\n\(script.sha1)\r\n$1\r\n2\r\n")
    }

    @Test(arguments: [
        ("WRONGTYPE Operation against a key", "WRONGTYPE"), ("ERR no such key", "ERR"), ("NOSCRIPT", "NOSCRIPT"),
        ("user_script:1: oops", "ERR"), ("", "ERR"),
    ])
    func `the code of an error is its first word in capitals`(message: String, code: String) {
        #expect(RedisServerError(message: message).code == code)
    }
}
