import Domain
import HotStore
import TestKit
import Testing

@testable import Edge

/// What happens on one client connection: pipelining, splits, keep-alive, HTTP/1.0.
@Suite(.serialized) struct ConnectionTests {
    private static func get(_ target: String, fields: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    @Test func `requests in one write are answered in order`() async throws {
        try await ScriptedUpstream.with({ .ok("answer to \($0.target)") }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                let post = "POST /open/2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
                client.send(Self.get("/open/1") + post + Self.get("/nowhere") + Self.get("/open/3"))
                #expect(client.response()?.text == "answer to /open/1")
                #expect(client.response()?.text == "answer to /open/2")
                #expect(client.response()?.status == 404)
                #expect(client.response()?.text == "answer to /open/3")
                #expect(upstream.requests.map(\.target) == ["/open/1", "/open/2", "/open/3"])
                #expect(upstream.requests.map(\.body) == ["", "body", ""])
            }
        }
    }

    @Test func `many pipelined requests are all answered, more than the gateway holds at once`() async throws {
        try await ScriptedUpstream.with({ .ok($0.target) }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                let fill = "X-Fill: " + String(repeating: "f", count: 400) + "\r\n"
                let count = 400
                client.send((0..<count).map { Self.get("/open/\($0)", fields: fill) }.joined())
                for index in 0..<count { #expect(client.response()?.text == "/open/\(index)") }
            }
        }
    }

    @Test(arguments: ["/nowhere", "/v1/a"])
    func `an answer that finds its client gone is counted once`(target: String) async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                #expect(client.exchange(Self.get("/open/a"))?.status == 200)
                #expect(client.breakOtherEnd())
                client.send(Self.get(target, fields: "Authorization: Bearer nobody-has-this-key\r\n"))
                #expect(client.endsSilently())
                try await eventually("the connection is gone") { await edge.count("connections_open") == 0 }
                #expect(await edge.count("requests_total") == 2)
            }
        }
    }

    @Test func `a head can be as large as the configuration allows`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port,
                configuration: {
                    $0.edge.headBytesMax = 256 * 1024
                    $0.edge.headTimeoutMs = 20_000
                }
            ) { edge in
                let client = try edge.client()
                let fill = "X-Fill: " + String(repeating: "f", count: 200 * 1024) + "\r\n"
                for _ in 0..<2 { client.send(Self.get("/nowhere", fields: fill)) }
                for _ in 0..<2 { #expect(client.response()?.status == 404) }
            }
        }
    }

    @Test func `a keyed request and its body can be split at every byte`() async throws {
        try await ScriptedUpstream.with({ .ok("\($0.target) \($0.body)") }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let tenant = try await edge.realm.issue()
                let client = try edge.client()
                let whole = Array(
                    (RawRequest.get("/v1/a", as: tenant)
                        + """
                        POST /v1/b HTTP/1.1\r\nHost: a\r\n\(tenant.authorization)Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n\
                        2\r\nde\r\n0\r\nX-T: 1\r\n\r\n
                        """ + RawRequest.post("/v1/c", as: tenant, body: "xyz")).utf8)
                for split in 1..<whole.count {
                    client.send(Array(whole[..<split]))
                    client.send(Array(whole[split...]))
                    let answers = (0..<3).map { _ in client.response()?.text }
                    #expect(answers == ["/v1/a ", "/v1/b abcde", "/v1/c xyz"], "split at \(split)")
                    guard answers.allSatisfy({ $0 != nil }) else { return }
                }
                for byte in whole { client.send([byte]) }
                #expect((0..<3).map { _ in client.response()?.text } == ["/v1/a ", "/v1/b abcde", "/v1/c xyz"])
            }
        }
    }

    @Test func `HTTP 1.0 gets an answer without chunks and its connection closed`() async throws {
        try await ScriptedUpstream.with({ _ in
            .init(.bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"))
        }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                let response = try #require(client.exchange("GET /open/a HTTP/1.0\r\n\r\n"))
                #expect(response.status == 200)
                #expect(response["transfer-encoding"] == nil)
                #expect(response.text == "abc")
                #expect(client.hasEnded)
                #expect(upstream.requests.first?["via"] == "1.0 tollgate")
            }
        }
    }

    @Test func `HTTP 1.0 can ask to be kept`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                for _ in 0..<2 {
                    let response = client.exchange("GET /open/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    #expect(response?.text == "hello")
                    #expect(response?["connection"]?.lowercased() == "keep-alive")
                }
                #expect(client.exchange("GET /open/a HTTP/1.0\r\nExpect: 100-continue\r\n\r\n")?.status == 200)
                #expect(client.endsSilently())
            }
        }
    }

    @Test func `an idle connection is closed without a word`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port, configuration: { $0.edge.keepAliveTimeoutMs = 100 }) {
                edge in
                let fresh = try edge.client()
                #expect(fresh.endsSilently())
                var used = fresh
                try await eventually("an answer on a connection that was idle for less") {
                    used = try edge.client()
                    return used.exchange(Self.get("/open/a"))?.status == 200
                }
                #expect(used.endsSilently())
            }
        }
    }

    @Test func `a head that does not end in time is answered 408`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port, configuration: { $0.edge.headTimeoutMs = 100 }) {
                edge in
                let client = try edge.client()
                let response = client.exchange("GET /open/a HTTP/1.1\r\nHost")
                #expect(response?.status == 408)
                #expect(response?.code == "request-timeout")
                #expect(response?["connection"] == "close")
                #expect(client.endsSilently())
                #expect(upstream.connections == 0)
            }
        }
    }

    @Test func `connections beyond the bound are closed`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port, configuration: { $0.edge.connectionsMax = 2 }) {
                edge in
                let first = try edge.client()
                #expect(first.exchange(Self.get("/open/a"))?.status == 200)
                let second = try edge.client()
                #expect(second.exchange(Self.get("/open/a"))?.status == 200)
                #expect(try edge.client().endsSilently())
                #expect(await edge.count("connections_refused_total") == 1)
                first.close()
                try await eventually("room for another connection") {
                    try edge.exchange(Self.get("/open/a"))?.status == 200
                }
            }
        }
    }

    @Test func `draining finishes what is under way and closes`() async throws {
        let answer = ScriptedUpstream.Answer(.gate, .bytes("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"))
        try await ScriptedUpstream.with({ _ in answer }) { upstream in
            let edge = try await TestEdge(upstreamPort: upstream.port)
            let idle = try edge.client()
            #expect(idle.exchange(Self.get("/nowhere"))?.status == 404)
            let client = try edge.client()
            client.send(Self.get("/open/a"))
            try await eventually("the request's arrival") { upstream.requests.count == 1 }
            async let stopped: Void = edge.server.shutdown(drainMs: 60_000)
            try await eventually("draining") { await edge.server.readiness().draining }
            #expect(idle.endsSilently())
            upstream.proceed()
            let response = client.response()
            #expect(response?.text == "done")
            #expect(client.endsSilently())
            await stopped
        }
    }

    @Test func `a reload takes effect between two requests`() async throws {
        try await ScriptedUpstream.with({ .ok($0.target) }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                #expect(client.exchange(Self.get("/open/a"))?.text == "/open/a")
                #expect(client.exchange(Self.get("/more/a"))?.status == 404)
                var configuration = TestEdge.configuration(upstreamPort: upstream.port)
                configuration.redis.keyPrefix = edge.realm.keyspace.prefix
                configuration.route("open") {
                    $0.path = "/more/**"
                    $0.stripPrefix = "/more"
                }
                await edge.server.reload(configuration)
                #expect(client.exchange(Self.get("/more/a"))?.text == "/a")
                #expect(client.exchange(Self.get("/open/a"))?.status == 404)
                #expect(upstream.connections == 1)
            }
        }
    }
}
