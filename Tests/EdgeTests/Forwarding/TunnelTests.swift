import Domain
import Testing

@testable import Edge

/// Upgrades, on routes that opted in.
@Suite(.serialized) struct TunnelTests {
    private static let upgrade =
        "GET /open/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, x-gone\r\nX-Gone: 1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n"
    private static let switching =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"

    private static func play(_ body: (TestEdge, RawListener) async throws -> Void) async throws {
        let listener = try RawListener()
        try await TestEdge.with(
            upstreamPort: listener.port,
            configuration: {
                $0.route("open") { $0.upgrade = true }
                $0.route("v1") { $0.upgrade = true }
            }
        ) { edge in
            try await body(edge, listener)
        }
    }

    @Test func `after 101 bytes go both ways until one side ends`() async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            // Bytes behind the request belong to the tunnel.
            client.send(Self.upgrade + "early")
            let (peer, head) = try listener.acceptRequest()
            #expect(head.contains("Upgrade: websocket\r\n"))
            #expect(head.lowercased().contains("connection: upgrade\r\n"))
            #expect(head.contains("Sec-WebSocket-Key: k\r\n"))
            #expect(!head.contains("X-Gone"))
            peer.send(Self.switching + "first")
            let answer = client.response()
            #expect(answer?.status == 101)
            #expect(answer?["upgrade"] == "websocket")
            #expect(answer?["connection"]?.lowercased() == "upgrade")
            #expect(answer?["sec-websocket-accept"] == "x")
            #expect(client.read(5) == Array("first".utf8))
            #expect(peer.read(5) == Array("early".utf8))
            for round in 0..<10 {
                client.send("ping \(round)")
                #expect(peer.read(6) == Array("ping \(round)".utf8))
                peer.send("pong \(round)")
                #expect(client.read(6) == Array("pong \(round)".utf8))
            }
            peer.send("last")
            peer.close()
            #expect(client.readToEnd() == "last")
            #expect(client.hasEnded)
        }
    }

    @Test func `a client that leaves the tunnel closes the upstream's side`() async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            client.send(Self.upgrade)
            let (peer, _) = try listener.acceptRequest()
            peer.send(Self.switching)
            #expect(client.response()?.status == 101)
            client.close()
            #expect(peer.endsSilently())
        }
    }

    @Test func `an upstream that declines answers as usual`() async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            client.send(Self.upgrade)
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno")
            #expect(client.response()?.text == "no")
        }
    }

    @Test func `a tunnel needs a key where its route does`() async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            let response = client.exchange(
                "GET /v1/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            #expect(response?.status == 401)
            #expect(!listener.hasConnection)
        }
    }

    @Test func `elsewhere Upgrade is dropped, and a 101 nobody asked for is refused`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try edge.client()
            client.send(Self.upgrade)
            let (peer, head) = try listener.acceptRequest()
            #expect(!head.lowercased().contains("upgrade"))
            peer.send(Self.switching)
            #expect(client.response()?.code == "upstream-protocol-error")
            #expect(peer.endsSilently())
        }
    }
}
