import Glibc
import HTTPWire
import NIOCore
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        "0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "1::", "2001:db8::1", "2001:db8:0:1:1:1:1:1",
        "1:2:3:4:5:6:7:8", "fe80::1:0:0:1", "::ffff:0:0:1", "64:ff9b::a00:1", "1:0:0:2::3", "0:1::",
    ])
    func `canonical texts stay as they are`(text: String) throws {
        #expect(IPAddress(text)?.description == text)
    }

    @Test(arguments: [
        ("2001:DB8::1", "2001:db8::1"), ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"), ("::FFFF:cb00:7109", "203.0.113.9"),
        ("64:ff9b::10.0.0.1", "64:ff9b::a00:1"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ("0:0:0:0:0:0:0:0", "::"), ("1:0:0:0:0:0:0:0", "1::"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ])
    func `other spellings become canonical`(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.04", "1..2.3", "1.2.3.4 ", " 1.2.3.4",
        "1.2.3.4:80",
        "0x7f000001", "2130706433", "0x7f.1.1.1", "1.2.3.a", ":", ":::", "1:", ":1", "1:2", "1:2:3:4:5:6:7", "::1::",
        "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::", "[::1]", "fe80::1%eth0",
        "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::1.2.3.4:5", "1.2.3.4::", "::256.1.1.1", "::1.2.3.04",
    ])
    func `what is no address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `texts agree with inet_ntop and inet_pton`() {
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            // Many zero groups, so that runs of all lengths occur.
            var bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
            for group in 0..<8 where random.next() & 1 == 0 { (bytes[2 * group], bytes[2 * group + 1]) = (0, 0) }
            // inet_ntop writes ::a.b.c.d for the deprecated IPv4-compatible block, and we have IPv4 apart.
            if bytes[..<10].allSatisfy({ $0 == 0 }) { bytes[0] = 0x20 }
            var text = [CChar](repeating: 0, count: 46)
            _ = inet_ntop(AF_INET6, bytes, &text, 46)
            let expected = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let address = IPAddress(expected)
            #expect(address?.description == expected, "seed \(seed)")
            let mutated = FieldTesting.mutated(expected, &random).filter { $0 != 0 }
            let mutatedText = String(decoding: mutated, as: UTF8.self)
            var parsed = [UInt8](repeating: 0, count: 16)
            let isValid = inet_pton(AF_INET6, mutatedText, &parsed) == 1
            #expect((IPAddress(mutatedText)?.isIPv4 == false) == isValid, "seed \(seed): \(mutatedText)")
        }
    }

    @Test func `addresses come out of sockets`() throws {
        let v4 = try SocketAddress(ipAddress: "203.0.113.9", port: 4711)
        let v6 = try SocketAddress(ipAddress: "2001:db8::7", port: 4711)
        let mapped = try SocketAddress(ipAddress: "::ffff:203.0.113.9", port: 1)
        #expect(IPAddress(v4)?.description == "203.0.113.9")
        #expect(IPAddress(v6)?.description == "2001:db8::7")
        #expect(IPAddress(mapped) == IPAddress(v4))
        #expect(IPAddress(try SocketAddress(unixDomainSocketPath: "/tmp/x")) == nil)
        for count in 0..<30 {
            let bytes = [UInt8]([UInt8(AF_INET6), 0]) + [UInt8](repeating: 1, count: count)
            #expect((IPAddress(sockaddr: bytes.span) != nil) == (count >= 22), "\(count)")
        }
        #expect(IPAddress(sockaddr: [99, 0, 0, 0, 0, 0, 0, 0].span) == nil)
    }

    @Test func `masking keeps a prefix`() {
        #expect(IPAddress("203.0.113.9")?.masked(ipv4: 24, ipv6: 64).description == "203.0.113.0")
        #expect(IPAddress("203.0.113.9")?.masked(ipv4: 32, ipv6: 64).description == "203.0.113.9")
        #expect(IPAddress("203.0.113.9")?.masked(ipv4: -1, ipv6: 64).description == "0.0.0.0")
        #expect(IPAddress("2001:db8:1:2:3:4:5:6")?.masked(ipv4: 24, ipv6: 64).description == "2001:db8:1:2::")
        #expect(IPAddress("2001:db8:1:2:3:4:5:6")?.masked(ipv4: 24, ipv6: 100).description == "2001:db8:1:2:3:4::")
        #expect(IPAddress("2001:db8::1")?.masked(ipv4: 24, ipv6: 0).description == "::")
        #expect(IPAddress("2001:db8::1")?.masked(ipv4: 24, ipv6: 500).description == "2001:db8::1")
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "1.2.3.4", true),
        ("0.0.0.0/0", "2001:db8::1", false), ("::/0", "2001:db8::1", true), ("::/0", "1.2.3.4", false),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::1", false), ("fc00::/7", "fd00:ec2::254", true), ("::1", "::1", true),
        ("2001:db8::/127", "2001:db8::1", true), ("2001:db8::/127", "2001:db8::2", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("2001:db8::/65", "2001:db8:0:0:7fff::", true),
        ("2001:db8::/65", "2001:db8:0:0:8000::", false),
    ])
    func `a block holds the addresses of its prefix`(block: String, address: String, holds: Bool) throws {
        let block = try #require(CIDRBlock(block))
        let address = try #require(IPAddress(address))
        #expect(block.contains(address) == holds)
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8", "10.1.2.3/8",
        "2001:db8::/129",
        "2001:db8::1/32", "10.0.0.0/ 8", "10.0.0.0/1000", "x/8", "::ffff:10.0.0.0/104",
    ])
    func `blocks that are malformed or have host bits are refused`(text: String) {
        #expect(CIDRBlock(text) == nil)
    }

    @Test func `blocks print as they are written`() {
        for text in ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "::/0"] {
            #expect(CIDRBlock(text)?.description == text)
        }
    }
}
