import Domain
import TestKit
import Testing

@testable import Edge

/// Upstream connections as the upstream sees them.
@Suite(.serialized) struct UpstreamPoolTests {
    private static let get = "GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func `a connection serves one request after another, of any client`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                for _ in 0..<5 {
                    let response = try edge.exchange(Self.get)
                    #expect(response?.text == "hello")
                }
                #expect(upstream.connections == 1)
            }
        }
    }

    @Test(arguments: ["Connection: close\r\n", ""])
    func `a connection that the upstream ends is not used again`(_ field: String) async throws {
        try await ScriptedUpstream.with({ _ in
            .init(.bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\(field)\r\nok"), .close)
        }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                for count in 1...5 {
                    #expect(client.exchange(Self.get)?.text == "ok")
                    // The end of an idle connection may still be on its way; GET is sent again then.
                    #expect(upstream.connections >= count)
                }
                #expect(upstream.requests.count == 5)
            }
        }
    }

    @Test func `an HTTP 1.0 upstream's connection is used once`() async throws {
        try await ScriptedUpstream.with({ _ in .init(.bytes("HTTP/1.0 200 OK\r\n\r\nold"), .close) }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                for _ in 0..<2 { #expect(client.exchange(Self.get)?.text == "old") }
                #expect(upstream.connections == 2)
            }
        }
    }

    @Test func `requests wait for a connection in order, and those beyond the queue are 503`() async throws {
        try await ScriptedUpstream.with({ seen in
            .init(.gate, .bytes("HTTP/1.1 200 OK\r\nContent-Length: \(seen.target.utf8.count)\r\n\r\n\(seen.target)"))
        }) { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port,
                configuration: {
                    $0.upstreams[0].connectionsMax = 1
                    $0.upstreams[0].waitersMax = 2
                    $0.upstreams[0].waitTimeoutMs = 60_000
                }
            ) { edge in
                // The first waits for its connection, and then no more.
                let first = try edge.client()
                first.send("GET /open/0 HTTP/1.1\r\nHost: a\r\n\r\n")
                try await eventually("the first request's arrival") { upstream.requests.count == 1 }
                var waiting: [RawClient] = []
                for index in 1...2 {
                    let client = try edge.client()
                    client.send("GET /open/\(index) HTTP/1.1\r\nHost: a\r\n\r\n")
                    waiting.append(client)
                    let expected = index
                    try await eventually("request \(index) to wait") { await edge.waiters() == expected }
                }
                let refused = try edge.exchange(Self.get)
                #expect(refused?.status == 503)
                #expect(refused?.code == "upstream-unavailable")
                #expect(refused?["retry-after"] == "1")
                for _ in 0..<3 { upstream.proceed() }
                #expect(first.response()?.text == "/open/0")
                #expect(waiting.map { $0.response()?.text } == ["/open/1", "/open/2"])
                #expect(upstream.connections == 1)
            }
        }
    }

    @Test func `waiting for a connection has an end`() async throws {
        try await ScriptedUpstream.with({ _ in .init(.gate, .bytes("HTTP/1.1 204 No Content\r\n\r\n")) }) { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port,
                configuration: {
                    $0.upstreams[0].connectionsMax = 1
                    $0.upstreams[0].waitTimeoutMs = 100
                    // The first request has time to connect; only the second is on the hasty route.
                    $0.route("open") { $0.timeouts.connectMs = 60_000 }
                    var hasty = Route(id: "hasty", path: "/hasty/**", upstream: "up")
                    hasty.authentication = .none
                    hasty.timeouts.connectMs = 100
                    $0.routes.append(hasty)
                }
            ) { edge in
                let first = try edge.client()
                first.send(Self.get)
                try await eventually("the first request's arrival") { upstream.requests.count == 1 }
                #expect(
                    try edge.exchange("GET /hasty/a HTTP/1.1\r\nHost: a\r\n\r\n")?.code == "upstream-unavailable")
                upstream.proceed()
                #expect(first.response()?.status == 204)
                #expect(await edge.waiters() == 0)
                #expect(upstream.requests.count == 1)
            }
        }
    }

    @Test func `a waiting client that goes away leaves the queue`() async throws {
        try await ScriptedUpstream.with({ _ in .init(.gate, .bytes("HTTP/1.1 204 No Content\r\n\r\n")) }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port, configuration: { $0.upstreams[0].connectionsMax = 1 })
            { edge in
                let first = try edge.client()
                first.send(Self.get)
                try await eventually("the first request's arrival") { upstream.requests.count == 1 }
                let second = try edge.client()
                second.send(Self.get)
                try await eventually("the second to wait") { await edge.waiters() == 1 }
                second.close()
                try await eventually("the second to leave") { await edge.waiters() == 0 }
                upstream.proceed()
                #expect(first.response()?.status == 204)
                #expect(upstream.requests.count == 1)
            }
        }
    }

    @Test func `idle connections are closed after a while`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port, configuration: { $0.upstreams[0].idleTimeoutMs = 50 }) {
            edge in
            let client = try edge.client()
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 204 No Content\r\n\r\n")
            #expect(client.response()?.status == 204)
            #expect(peer.endsSilently())
        }
    }

    @Test func `PX-8 a keep-alive connection closed at the wrong moment costs a GET nothing`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try edge.client()
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 204 No Content\r\n\r\n")
            #expect(client.response()?.status == 204)
            // The upstream closes while the next request is on its way.
            client.send(Self.get)
            #expect(peer.read(through: "\r\n\r\n") != nil)
            peer.close()
            let (next, _) = try listener.acceptRequest()
            next.send("HTTP/1.1 204 No Content\r\n\r\n")
            #expect(client.response()?.status == 204)
        }
    }
}
