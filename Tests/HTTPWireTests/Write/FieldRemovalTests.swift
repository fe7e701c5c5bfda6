import HTTPWire
import Testing

@Suite struct FieldRemovalTests {
    /// The names that reach the upstream when a request with `lines` is forwarded.
    private func kept(_ lines: [String], dropping: FieldNameSet = []) -> [String] {
        let message = bytes("GET / HTTP/1.1\r\nHost: a\r\n\(lines.map { $0 + "\r\n" }.joined())\r\n")
        guard let out = forwarded(message, dropping: dropping) else {
            Issue.record("not forwarded: \(lines)")
            return []
        }
        guard let seen = read(out).messages.first else {
            Issue.record("does not read back: \(text(out))")
            return []
        }
        return seen.fields.map { text($0.name) }
    }

    @Test func `PX-1 Connection removes what it names, in any case and on any line`() {
        #expect(self.kept(["Connection: x-foo", "X-Foo: 1", "X-Bar: 2"]) == ["Host", "X-Bar"])
        #expect(self.kept(["X-Foo: 1", "x-foo: 3", "X-Bar: 2", "Connection: close, X-FOO"]) == ["Host", "X-Bar"])
        #expect(self.kept(["Connection: a", "A: 1", "B: 1", "Connection: b", "C: 1"]) == ["Host", "C"])
        #expect(self.kept(["Connection: traceparent", "traceparent: 1", "tracestate: 1"]) == ["Host", "tracestate"])
        #expect(
            self.kept(["Connection: x-ratelimit-a", "X-RateLimit-A: 1", "X-RateLimit-B: 1"]) == [
                "Host", "X-RateLimit-B",
            ])
    }

    @Test(arguments: [
        "Authorization", "Host", "Content-Length", "Cache-Control", "X-Tollgate-Org", "X-API-Key", "Idempotency-Key",
    ])
    func `PX-1 Connection cannot remove end-to-end fields that the gateway relies on`(name: String) {
        let message = "POST / HTTP/1.1\r\nHost: a\r\nConnection: \(name.lowercased())\r\n"
        let line = name == "Host" || name == "Content-Length" ? "" : "\(name): 1\r\n"
        let out = forwarded(bytes(message + line + "Content-Length: 1\r\n\r\nx"))
        let fields = out.flatMap { read($0).messages.first?.fields.map { text($0.name) } } ?? []
        #expect(fields.contains(name))
    }

    @Test func `hop-by-hop fields stay behind, whether Connection names them or not`() {
        let hops = [
            "Connection: keep-alive", "Proxy-Connection: keep-alive", "Keep-Alive: timeout=5", "TE: gzip",
            "Upgrade: h2c", "Proxy-Authenticate: Basic", "Proxy-Authorization: Basic x", "Trailer: X-Sum",
            "HTTP2-Settings: x",
        ]
        #expect(self.kept(["A: 1"] + hops + ["B: 2"]) == ["Host", "A", "B"])
        #expect(self.kept(hops) == ["Host"])
    }

    @Test func `the sets of the caller are left out too`() {
        let lines = [
            "Authorization: Bearer x", "X: 1", "X-Tollgate-Org: evil", "X_Tollgate_Org: evil", "Forwarded: for=x",
        ]
        #expect(
            self.kept(
                lines,
                dropping: FieldNameSet.credentials.union(.reserved).union(.forwarding))
                == ["Host", "X"])
    }

    @Test func `Expect is forwarded only where the client waits for 100`() {
        let expect = "Expect: 100-continue\r\n"
        for (request, expected) in [
            ("POST / HTTP/1.1\r\nHost: a\r\n\(expect)Content-Length: 1\r\n\r\nx", true),
            ("POST / HTTP/1.1\r\nHost: a\r\n\(expect)\r\n", false),
            ("POST / HTTP/1.0\r\nHost: a\r\n\(expect)Content-Length: 1\r\n\r\nx", false),
        ] {
            #expect(forwarded(bytes(request)).map { text($0).contains(expect) } == expected)
        }
    }

    @Test func `kept lines are copied as they came`() {
        let message = bytes(
            "GET / HTTP/1.1\r\nHost: a\r\nx-ONE:\t 1 \r\nTwo:caf\u{E9}\u{FF}\r\nTE: x\r\nThree:\r\n\r\n")
        let out = forwarded(message).map { text($0) }
        #expect(
            out == "GET / HTTP/1.1\r\nHost: a\r\nx-ONE:\t 1 \r\nTwo:caf\u{E9}\u{FF}\r\nThree:\r\n\r\n")
    }

    @Test func `trailers lose what Connection names and what cannot stand in a trailer`() {
        let message = bytes(
            "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: x-foo\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "1\r\nz\r\n0\r\nX-Foo: 1\r\nX-Sum: 2\r\nContent-Type: x\r\nX-Tollgate-Org: evil\r\n\r\n")
        let out = forwarded(message).map { text($0) }
        #expect(
            out
                == "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "1\r\nz\r\n0\r\nX-Sum: 2\r\n\r\n")
    }
}
