import Domain
import Testing

@testable import Edge

/// What the upstream sees of a request.
@Suite(.serialized) struct RequestForwardingTests {
    private static let plain = "GET /open/a?b=c HTTP/1.1\r\nHost: api.example\r\n"

    /// Sends one request through a fresh edge and returns what the upstream saw.
    private static func forwarded(
        _ request: String, configuration: (inout Configuration) -> Void = { _ in }
    ) async throws -> ScriptedUpstream.Seen? {
        var seen: ScriptedUpstream.Seen?
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port, configuration: configuration) { edge in
                let response = try edge.exchange(request)
                #expect(response?.status == 200)
                seen = upstream.requests.first
            }
        }
        return seen
    }

    @Test func `target, method, host and fields arrive as they were sent`() async throws {
        let seen = try #require(
            await Self.forwarded(Self.plain + "X-One: 1\r\nX-Two:  a  b\r\nX-One: 2\r\nCookie: a=1\r\n\r\n"))
        #expect(seen.method == "GET")
        #expect(seen.target == "/open/a?b=c")
        #expect(seen["host"] == "api.example")
        #expect(seen.all("x-one") == ["1", "2"])
        #expect(seen["x-two"] == "a  b")
        #expect(seen["cookie"] == "a=1")
        #expect(seen["via"] == "1.1 tollgate")
    }

    @Test func `requests of one connection may name several hosts`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                let long = String(repeating: "long.", count: 40) + "example"
                for host in ["a.example", "a.example", "b.example:81", "a.example", long, "b.example:81"] {
                    let response = client.exchange("GET /open/a HTTP/1.1\r\nHost: \(host)\r\n\r\n")
                    #expect(response?.status == 200)
                    let seen = try #require(upstream.requests.last)
                    #expect(seen["host"] == host)
                    #expect(seen.all("x-forwarded-host") == [host])
                    let quoted = host.contains(":") ? "\"\(host)\"" : host
                    #expect(seen.all("forwarded") == ["for=127.0.0.1;host=\(quoted);proto=http"])
                    #expect(seen.all("via") == ["1.1 tollgate"])
                }
            }
        }
    }

    @Test func `PX-1 fields named by Connection are removed, gateway and end-to-end fields are not`() async throws {
        let seen = try #require(
            await Self.forwarded(
                Self.plain
                    + """
                    Connection: x-foo, Keep-Alive\r\nconnection: X-BAR, cache-control, host\r\nX-Foo: 1\r\nX-Bar: 2\r\n\
                    Keep-Alive: timeout=5\r\nCache-Control: no-cache\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\n\
                    Upgrade: websocket\r\nProxy-Authorization: Basic eDp5\r\nTrailer: x\r\nHTTP2-Settings: AA\r\n\r\n
                    """))
        for name in [
            "x-foo", "x-bar", "keep-alive", "proxy-connection", "te", "upgrade", "proxy-authorization", "trailer",
            "http2-settings", "connection",
        ] { #expect(seen[name] == nil, "\(name)") }
        #expect(seen["cache-control"] == "no-cache")
        #expect(seen["host"] == "api.example")
        #expect(seen["via"] == "1.1 tollgate")
        #expect(seen["x-request-id"]?.hasPrefix("req_") == true)
    }

    @Test func `PX-1 Connection cannot name the gateway's own fields away`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let tenant = try await edge.realm.issue()
                let fields = "Connection: authorization, x-tollgate-org, x-forwarded-for, via, x-request-id\r\n"
                #expect(try edge.get("/v1/a", as: tenant, fields: fields)?.status == 200)
                let seen = try #require(upstream.requests.first)
                #expect(seen["x-tollgate-org"] == tenant.org.orgID)
                #expect(seen["x-forwarded-for"] == "127.0.0.1")
                #expect(seen["via"] != nil)
                #expect(seen["x-request-id"] != nil)
            }
        }
    }

    @Test func `PX-10 what a client claims about where it comes from is ignored`() async throws {
        let seen = try #require(
            await Self.forwarded(
                Self.plain
                    + """
                    X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n\
                    X-Forwarded-Port: 1\r\nX-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n\r\n
                    """))
        #expect(seen.all("x-forwarded-for") == ["127.0.0.1"])
        #expect(seen.all("x-forwarded-proto") == ["http"])
        #expect(seen.all("x-forwarded-host") == ["api.example"])
        #expect(seen["x-forwarded-port"] == nil)
        #expect(seen["x-real-ip"] == nil)
        #expect(seen.all("forwarded") == ["for=127.0.0.1;host=api.example;proto=http"])
    }

    @Test func `PX-10 a trusted proxy's word is believed and added to`() async throws {
        let seen = try #require(
            await Self.forwarded(Self.plain + "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n\r\n") {
                $0.edge.trustedProxies = ["127.0.0.0/8"]
            })
        #expect(seen.all("x-forwarded-for") == ["6.6.6.6, 203.0.113.9, 127.0.0.1"])
    }

    @Test func `identity fields cannot be forged and credentials do not pass`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let tenant = try await edge.realm.issue(plan: "PRO")
                let forged = "X-Tollgate-Org: evil\r\nx-tollgate-anything: 1\r\nX-TOLLGATE-Key: evil\r\n"
                #expect(try edge.get("/v1/a", as: tenant, fields: forged)?.status == 200)
                let seen = try #require(upstream.requests.first)
                #expect(seen.all("x-tollgate-org") == [tenant.org.orgID])
                #expect(seen.all("x-tollgate-key") == [tenant.key.keyID])
                #expect(seen.all("x-tollgate-user") == [tenant.key.userID])
                #expect(seen.all("x-tollgate-environment") == ["live"])
                #expect(seen.all("x-tollgate-plan") == ["PRO"])
                #expect(seen["x-tollgate-anything"] == nil)
                #expect(seen["authorization"] == nil)
                #expect(
                    try edge.exchange(
                        "GET /open/a HTTP/1.1\r\nHost: a\r\n\(forged)X-API-Key: secret-secret-secret\r\n\r\n")?.status
                        == 200)
                let open = try #require(upstream.requests.last)
                #expect(open.fields.allSatisfy { !$0.name.lowercased().hasPrefix("x-tollgate") })
                #expect(open["x-api-key"] == nil)
            }
        }
    }

    @Test func `every request has an id of its own, told to both sides`() async throws {
        try await ScriptedUpstream.with({ _ in .ok("x", fields: "X-Request-Id: upstreams\r\n") }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                var ids: Set<String> = []
                for _ in 0..<3 {
                    let response = try #require(
                        client.exchange("GET /open/a HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n"))
                    let told = try #require(response["x-request-id"])
                    #expect(response.all("x-request-id").count == 1)
                    #expect(upstream.requests.last?.all("x-request-id") == [told])
                    #expect(told.hasPrefix("req_") && told.utf8.count == 30)
                    ids.insert(told)
                }
                #expect(ids.count == 3)
            }
        }
    }

    @Test func `OB-1 the caller's trace ends here and a valid one begins`() async throws {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        for received in [
            parent, parent.uppercased(), "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "garbage", "",
        ] {
            let seen = try #require(
                await Self.forwarded(
                    Self.plain + "traceparent: \(received)\r\ntracestate: a=1\r\nbaggage: user=1\r\n\r\n"))
            let sent = try #require(seen.all("traceparent").first)
            #expect(seen.all("traceparent").count == 1)
            let parts = sent.split(separator: "-").map(String.init)
            #expect(parts.map(\.utf8.count) == [2, 32, 16, 2])
            #expect(parts[0] == "00")
            #expect(!sent.contains("4bf92f3577b34da6a3ce929d0e0e4736"))
            #expect(parts[1] != String(repeating: "0", count: 32))
            #expect(sent.allSatisfy { $0 == "-" || ($0.isHexDigit && !$0.isUppercase) })
            #expect(seen["tracestate"] == nil)
            #expect(seen["baggage"] == nil)
        }
    }

    @Test(
        arguments: [
            ("/open", nil, "/open/a/b", "/a/b"), ("/open", nil, "/open/", "/"), ("/open", nil, "/open/a?x=1", "/a?x=1"),
            (nil, "/internal", "/open/a", "/internal/open/a"), ("/open", "/v9", "/open/a?q", "/v9/a?q"),
            ("/op", nil, "/open/a", "/open/a"), ("/open", "/v9", "/open", "/v9"),
        ] as [(String?, String?, String, String)])
    func `prefixes are mapped`(_ strip: String?, _ add: String?, _ sent: String, _ received: String) async throws {
        let seen = try await Self.forwarded("GET \(sent) HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.route("open") { ($0.stripPrefix, $0.addPrefix) = (strip, add) }
        }
        #expect(seen?.target == received)
    }

    @Test func `a path has one spelling, routed on and forwarded just so`() async throws {
        let seen = try await Self.forwarded("GET /%6Fpen/a%3ab/%7Ec?x=..%2f HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(seen?.target == "/open/a%3Ab/~c?x=..%2f")
    }

    @Test func `a path that servers read differently is refused`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                for path in [
                    "/open/../../etc", "/open/../secret", "/open/%2e%2e/secret", "/open/./a", "/open//a", "/open/a%2Fb",
                    "/open/a%5cb", "/open/a%00", "/open/%", "/open/%zz", "/open/..;x/a", "/open/a\\b",
                ] {
                    let response = try edge.exchange("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(response?.status == 400, "\(path)")
                    #expect(response?.code == "malformed-request", "\(path)")
                }
                #expect(upstream.connections == 0)
            }
        }
    }

    @Test func `Host is preserved or the upstream's, as the route says`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port, configuration: { $0.route("open") { $0.hostPolicy = .upstream } }
            ) { edge in
                _ = try edge.exchange("GET /open/a HTTP/1.1\r\nHost: api.example\r\n\r\n")
                #expect(upstream.requests.first?.all("host") == ["127.0.0.1:\(upstream.port)"])
                #expect(upstream.requests.first?["x-forwarded-host"] == "api.example")
            }
        }
    }

    @Test func `an absolute target's authority replaces Host`() async throws {
        let seen = try await Self.forwarded("GET http://real.example/open/a?b HTTP/1.1\r\nHost: other.example\r\n\r\n")
        #expect(seen?.all("host") == ["real.example"])
        #expect(seen?.target == "/open/a?b")
    }

    @Test func `a host that is not served is misdirected`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port,
                configuration: { configuration in
                    for index in configuration.routes.indices { configuration.routes[index].hosts = ["api.example"] }
                }
            ) { edge in
                let response = try edge.exchange("GET /open/a HTTP/1.1\r\nHost: evil.example\r\n\r\n")
                #expect(response?.status == 421)
                #expect(response?.code == "misdirected-request")
                #expect(try edge.exchange("GET /open/a HTTP/1.1\r\nHost: API.example:80\r\n\r\n")?.status == 200)
                #expect(upstream.requests.count == 1)
            }
        }
    }

    @Test func `a loop is ended`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let response = try edge.exchange(
                    "GET /open/a HTTP/1.1\r\nHost: a\r\nVia: 1.1 other, 1.1 tollgate\r\n\r\n")
                #expect(response?.status == 502)
                #expect(response?.code == "upstream-protocol-error")
                #expect(upstream.requests.isEmpty)
                #expect(
                    try edge.exchange("GET /open/a HTTP/1.1\r\nHost: a\r\nVia: 1.1 tollgate-2\r\n\r\n")?.status == 200)
            }
        }
    }

    @Test func `a test key goes to the test upstream`() async throws {
        try await ScriptedUpstream.with({ _ in .ok("live") }) { live in
            try await ScriptedUpstream.with({ _ in .ok("test") }) { test in
                try await TestEdge.with(
                    upstreamPort: live.port,
                    configuration: {
                        $0.upstreams.append(
                            Upstream(name: "sandbox", endpoints: [ListenAddress(host: "127.0.0.1", port: test.port)]))
                        $0.route("v1") { $0.testUpstream = "sandbox" }
                    }
                ) { edge in
                    let liveKey = try await edge.realm.issue()
                    let testKey = try await edge.realm.issue(environment: .test)
                    #expect(try edge.get("/v1/a", as: liveKey)?.text == "live")
                    #expect(try edge.get("/v1/a", as: testKey)?.text == "test")
                    #expect(test.requests.first?["x-tollgate-environment"] == "test")
                }
            }
        }
    }

    @Test func `bytes above ASCII in a value are passed as they are`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try edge.client()
            client.send(
                Array("GET /open/a HTTP/1.1\r\nHost: a\r\nX-Raw: ".utf8) + [0xFF, 0x80, 0xC3] + Array("\r\n\r\n".utf8))
            let peer = try listener.accept()
            var head: [UInt8] = []
            while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), let byte = peer.read(1).first { head.append(byte) }
            let value = Array("X-Raw: ".utf8) + [0xFF, 0x80, 0xC3] + Array("\r\n".utf8)
            #expect(head.indices.contains { head[$0...].starts(with: value) })
            peer.send("HTTP/1.1 204 No Content\r\n\r\n")
            #expect(client.response()?.status == 204)
        }
    }
}
