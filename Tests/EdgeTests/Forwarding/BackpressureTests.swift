import Domain
import TestKit
import Testing

@testable import Edge

/// PX-7: neither side's slowness grows the gateway's memory: who sends too fast is not read any more.
@Suite(.serialized) struct BackpressureTests {
    private static let bodyBytes = 128 << 20
    /// What the kernel's socket buffers on the way (up to 32 MiB for the gateway's reads) and the gateway's own marks may
    /// hold together; a gateway that took everything would hold the whole body.
    private static let heldMax = 64 << 20

    /// Sends until the peer takes no more for a while, or `count` is reached. Returns how much was taken.
    private static func sendUntilStopped(_ socket: RawClient, _ count: Int) async throws -> Int {
        let block = [UInt8](repeating: 0x61, count: 256 << 10)
        var sent = 0
        var refusals = 0
        while sent < count, refusals < 50 {
            let taken = socket.trySend(sent + block.count <= count ? block : Array(block.prefix(count - sent)))
            sent += taken
            if taken > 0 {
                refusals = 0
            } else {
                refusals += 1
                try await Task.sleep(for: .milliseconds(4))
            }
        }
        return sent
    }

    /// Moves the rest from one end to the other. Returns how many bytes came out.
    private static func drain(from source: RawClient, _ rest: Int, to sink: RawClient, expecting total: Int) -> Int {
        let block = [UInt8](repeating: 0x61, count: 256 << 10)
        var left = rest
        var received = 0
        while received < total {
            if left > 0 { left -= source.trySend(left >= block.count ? block : Array(block.prefix(left))) }
            let count = sink.tryDiscard()
            received += count
            if count == 0, !sink.isReadable(withinMs: left > 0 ? 5 : 30_000), left == 0 { break }
            if sink.hasEnded { break }
        }
        return received
    }

    @Test func `PX-7 a client that does not read stops the upstream`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try RawClient(port: edge.port, receiveBuffer: 256 << 10)
            client.send("GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n")
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.bodyBytes)\r\n\r\n")
            let sent = try await Self.sendUntilStopped(peer, Self.bodyBytes)
            #expect(sent < Self.heldMax)
            #expect(client.read(through: "\r\n\r\n")?.hasPrefix("HTTP/1.1 200 OK\r\n") == true)
            let buffered = client.takeReceived()
            let received = Self.drain(
                from: peer, Self.bodyBytes - sent, to: client, expecting: Self.bodyBytes - buffered)
            #expect(received + buffered == Self.bodyBytes)
        }
    }

    @Test func `PX-7 a chunked answer too`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try RawClient(port: edge.port, receiveBuffer: 256 << 10)
            client.send("GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n")
            let (peer, _) = try listener.acceptRequest()
            peer.send(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(String(Self.bodyBytes, radix: 16))\r\n")
            #expect(try await Self.sendUntilStopped(peer, Self.bodyBytes) < Self.heldMax)
        }
    }

    @Test func `a slow client that asked for its connection to be closed gets the whole answer`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            try await Self.expectWholeAnswers(
                from: listener, through: edge, fields: "Connection: close\r\n",
                ended: { client in #expect(client.endsSilently()) })
        }
    }

    @Test func `a slow client gets the whole answer, however short idle connections are kept`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port, configuration: { $0.edge.keepAliveTimeoutMs = 50 }) {
            edge in
            // As long as this one is kept, the client that stands still is at least.
            try await Self.expectWholeAnswers(
                from: listener, through: edge,
                whileStopped: {
                    // As long as this one is kept, the client that stands still is at least.
                    let idle = try edge.client()
                    #expect(idle.endsSilently())
                })
        }
    }

    /// An HTTP/1.0 client knows the end of an answer by the end of its connection: one that stands still until the gateway
    /// gives up must be told that what it has is not all.
    @Test func `a client that stands still gets a whole answer or a reset, not an orderly end before its time`()
        async throws
    {
        let listener = try RawListener()
        try await TestEdge.with(
            upstreamPort: listener.port,
            configuration: {
                $0.edge.bodyIdleTimeoutMs = 200
                $0.route("open") { $0.timeouts.idleMs = 200 }
            }
        ) { edge in
            // Where the last bytes find the socket full is a matter of sizes.
            for blocks in stride(from: 40, to: 72, by: 2) {
                let client = try RawClient(port: edge.port, receiveBuffer: 16 << 10)
                client.send("GET /open/a HTTP/1.0\r\n\r\n")
                let (peer, _) = try listener.acceptRequest()
                peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                let sent = try await Self.sendUntilStopped(peer, blocks * (128 << 10))
                peer.close()
                try await eventually("the gateway has given up") { await edge.count("connections_open") == 0 }
                let head = client.read(through: "\r\n\r\n")
                let received = client.readToEnd().utf8.count
                #expect(head != nil && received == sent || client.wasReset, "\(received) of \(sent)")
            }
        }
    }

    /// Answers of many sizes to clients that read nothing at first: where the last bytes find the socket full is a matter of
    /// sizes, and of so many some do.
    private static func expectWholeAnswers(
        from listener: RawListener, through edge: TestEdge, fields: String = "", whileStopped: () throws -> Void = {},
        ended: (RawClient) throws -> Void = { _ in }
    ) async throws {
        for blocks in 40..<72 {
            let client = try RawClient(port: edge.port, receiveBuffer: 16 << 10)
            client.send("GET /open/a HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            let (peer, _) = try listener.acceptRequest()
            let total = blocks * (128 << 10)
            peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: \(total)\r\n\r\n")
            let sent = try await Self.sendUntilStopped(peer, total)
            try whileStopped()
            #expect(client.read(through: "\r\n\r\n") != nil)
            let buffered = client.takeReceived()
            let received = Self.drain(from: peer, total - sent, to: client, expecting: total - buffered)
            #expect(received + buffered == total)
            try ended(client)
        }
    }

    @Test func `PX-7 an upstream that does not read stops the client`() async throws {
        let listener = try RawListener(receiveBuffer: 256 << 10)
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try edge.client()
            client.send("POST /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.bodyBytes)\r\n\r\n")
            let (peer, _) = try listener.acceptRequest()
            let sent = try await Self.sendUntilStopped(client, Self.bodyBytes)
            #expect(sent < Self.heldMax)
            let buffered = peer.takeReceived()
            let received = Self.drain(
                from: client, Self.bodyBytes - sent, to: peer, expecting: Self.bodyBytes - buffered)
            #expect(received + buffered == Self.bodyBytes)
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(client.response()?.text == "ok")
        }
    }

    @Test func `PX-7 pipelined bytes behind a slow request are bounded`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try edge.client()
            client.send("GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n")
            let (peer, _) = try listener.acceptRequest()
            #expect(try await Self.sendUntilStopped(client, Self.bodyBytes) < Self.heldMax)
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(client.response()?.text == "ok")
        }
    }
}
