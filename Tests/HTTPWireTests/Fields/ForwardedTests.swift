import HTTPWire
import NIOCore
import Testing

@Suite struct ForwardedTests {
    private func client(peer: String, trusted: [String], lines: [String]) throws -> String {
        var walk = ForwardedFor(
            peer: try #require(IPAddress(peer)), trusted: try trusted.map { try #require(CIDRBlock($0)) })
        for line in lines.reversed() { walk.readLine(line.utf8.span) }
        return walk.client.description
    }

    @Test func `PX-10 a stranger's X-Forwarded-For is not believed`() throws {
        #expect(try client(peer: "203.0.113.9", trusted: [], lines: ["6.6.6.6"]) == "203.0.113.9")
        #expect(try client(peer: "203.0.113.9", trusted: ["10.0.0.0/8"], lines: ["6.6.6.6"]) == "203.0.113.9")
    }

    @Test func `PX-10 the client is the rightmost address that is not trusted`() throws {
        let trusted = ["10.0.0.0/8", "2001:db8:aaaa::/48"]
        func walk(_ lines: String...) throws -> String { try client(peer: "10.0.0.1", trusted: trusted, lines: lines) }
        #expect(try walk("203.0.113.9") == "203.0.113.9")
        #expect(try walk("6.6.6.6, 203.0.113.9") == "203.0.113.9")
        #expect(try walk("6.6.6.6, 203.0.113.9, 10.0.0.7") == "203.0.113.9")
        #expect(try walk("6.6.6.6", "203.0.113.9", "10.2.2.2") == "203.0.113.9")
        #expect(try walk("203.0.113.9,2001:db8:aaaa::7") == "203.0.113.9")
        #expect(try walk("10.0.0.3, 10.0.0.2") == "10.0.0.3")
        #expect(try walk() == "10.0.0.1")
        #expect(try walk("") == "10.0.0.1")
        #expect(try walk(" , ,203.0.113.9, ,") == "203.0.113.9")
    }

    @Test func `entries may have ports, and the walk ends at what is no address`() throws {
        func walk(_ line: String) throws -> String {
            try client(peer: "10.0.0.1", trusted: ["10.0.0.0/8"], lines: [line])
        }
        #expect(try walk("203.0.113.9:4711") == "203.0.113.9")
        #expect(try walk("[2001:db8::1]:443") == "2001:db8::1")
        #expect(try walk("[2001:db8::1]") == "2001:db8::1")
        #expect(try walk("2001:db8::1") == "2001:db8::1")
        for garbage in [
            "unknown", "_hidden", "203.0.113.9:", "203.0.113.9:123456", "203.0.113.9:x", "[2001:db8::1",
            "[2001:db8::1]x",
            "\"203.0.113.9\"", "[]", "[", "localhost",
        ] {
            #expect(try walk("203.0.113.9, \(garbage)") == "10.0.0.1", "\(garbage)")
        }
        #expect(try walk("203.0.113.9, unknown, 10.0.0.5") == "10.0.0.5")
    }

    @Test func `whether the peer's own fields are kept is known at once`() throws {
        let peer = try #require(IPAddress("10.0.0.1"))
        #expect(ForwardedFor(peer: peer, trusted: try [#require(CIDRBlock("10.0.0.0/8"))]).believesPeer)
        #expect(!ForwardedFor(peer: peer, trusted: []).believesPeer)
    }

    @Test func `lines of the worked example`() throws {
        let peer = try #require(IPAddress("203.0.113.9"))
        let lines = FieldTesting.renderHead {
            ForwardedFields.appendLines(
                peer: peer, host: "api.example.dev".utf8.span, scheme: "https".utf8.span, receivedFor: Span(),
                receivedForwarded: Span(), to: &$0)
        }
        #expect(
            lines == """
                Forwarded: for=203.0.113.9;host=api.example.dev;proto=https\r
                X-Forwarded-For: 203.0.113.9\r
                X-Forwarded-Proto: https\r
                X-Forwarded-Host: api.example.dev\r

                """)
    }

    @Test func `an IPv6 node and a host with port are quoted`() throws {
        let peer = try #require(IPAddress("2001:db8::1"))
        let value = FieldTesting.renderHead {
            ForwardedFields.appendForwarded(
                peer: peer, host: "api.example.dev:8443".utf8.span, scheme: "https".utf8.span,
                received: "for=unknown".utf8.span, to: &$0)
        }
        #expect(value == "for=unknown, for=\"[2001:db8::1]\";host=\"api.example.dev:8443\";proto=https")
        let list = FieldTesting.renderHead {
            ForwardedFields.appendForwardedFor(peer: peer, received: "6.6.6.6".utf8.span, to: &$0)
        }
        #expect(list == "6.6.6.6, 2001:db8::1")
    }

    @Test func `a host that would break the field is left out`() throws {
        let peer = try #require(IPAddress("192.0.2.1"))
        for host in ["", "a\r\nX: y", "a b", "h\u{e9}"] {
            let lines = FieldTesting.renderHead {
                ForwardedFields.appendLines(
                    peer: peer, host: host.utf8.span, scheme: "http".utf8.span, receivedFor: Span(),
                    receivedForwarded: Span(), to: &$0)
            }
            #expect(
                lines
                    == "Forwarded: for=192.0.2.1;proto=http\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n"
            )
        }
        let quoted = FieldTesting.renderHead {
            ForwardedFields.appendForwarded(
                peer: peer, host: #"a"b\c"#.utf8.span, scheme: Span(), received: Span(), to: &$0)
        }
        #expect(quoted == #"for=192.0.2.1;host="a\"b\\c""#)
    }

    @Test func `bytes of any kind never trap`() throws {
        let peer = try #require(IPAddress("10.0.0.1"))
        let trusted = try [#require(CIDRBlock("10.0.0.0/8"))]
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            var walk = ForwardedFor(peer: peer, trusted: trusted)
            walk.readLine(FieldTesting.bytes(of: "10.2:[], a", upTo: 60, &random).span)
            walk.readLine(FieldTesting.mutated("10.0.0.1, [2001:db8::1]:80, 10.0.0.9:1", &random).span)
        }
    }
}
