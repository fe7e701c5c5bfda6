import Domain
import Glibc
import Synchronization
import TestKit
import Testing

@testable import Edge

/// PX-8: what the client sees when the upstream refuses, is silent, or dies; PX-9: what is tried again.
@Suite(.serialized) struct UpstreamFailureTests {
    private static let get = "GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let post = "POST /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"

    private static func play(
        configuration: (inout Configuration) -> Void = { _ in },
        _ body: (TestEdge, RawListener) async throws -> Void
    ) async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port, configuration: configuration) { edge in
            try await body(edge, listener)
        }
    }

    private static func endpoints(_ ports: [Int]) -> [ListenAddress] {
        ports.map { ListenAddress(host: "127.0.0.1", port: $0) }
    }

    @Test func `PX-8 a refused connection is 502 upstream-connect-failed`() async throws {
        let closed = try RawListener(backlog: nil)
        defer { withExtendedLifetime(closed) {} }
        try await TestEdge.with(upstreamPort: closed.port) { edge in
            let client = try edge.client()
            for request in [Self.get, Self.post] {
                let response = client.exchange(request)
                #expect(response?.status == 502)
                #expect(response?.code == "upstream-connect-failed")
                #expect(response?["x-tollgate-error"] == "upstream-connect-failed")
                // It was not executed, so trying again is fine.
                #expect(response?["x-should-retry"] == nil)
            }
        }
    }

    @Test func `PX-8 a name that cannot be resolved is 502`() async throws {
        try await TestEdge.with(
            upstreamPort: 1,
            configuration: { $0.upstreams[0].endpoints = [ListenAddress(host: "no-such-host.invalid", port: 1)] }
        ) { edge in
            let response = try edge.exchange(Self.get)
            #expect([502, 504].contains(response?.status ?? 0))
            #expect(response?.code?.hasPrefix("upstream-connect") == true)
        }
    }

    @Test func `PX-8 an upstream without endpoints is 503`() async throws {
        try await TestEdge.with(upstreamPort: 1, configuration: { $0.upstreams[0].endpoints = [] }) { edge in
            let response = try edge.exchange(Self.get)
            #expect(response?.status == 503)
            #expect(response?.code == "upstream-unavailable")
            #expect(response?["retry-after"] != nil)
        }
    }

    @Test func `PX-8 a connection that does not open in time is 504 upstream-connect-timeout`() async throws {
        // A listener whose queue is full drops further handshakes.
        let listener = try RawListener(backlog: 0)
        let fillers = try (0..<4).compactMap { _ in try RawClient.opening(port: listener.port) }
        try await TestEdge.with(
            upstreamPort: listener.port, configuration: { $0.route("open") { $0.timeouts.connectMs = 100 } }
        ) { edge in
            let response = try edge.exchange(Self.get)
            #expect(response?.status == 504)
            #expect(response?.code == "upstream-connect-timeout")
        }
        withExtendedLifetime(fillers) {}
    }

    @Test func `PX-8 no answer in time is 504 upstream-timeout`() async throws {
        try await Self.play(configuration: { $0.route("open") { $0.timeouts.headMs = 100 } }) { edge, listener in
            let client = try edge.client()
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            let response = client.response()
            #expect(response?.status == 504)
            #expect(response?.code == "upstream-timeout")
            #expect(response?["x-should-retry"] == "false")
            #expect(peer.endsSilently())
        }
    }

    @Test func `PX-8 the whole exchange has a deadline too`() async throws {
        try await Self.play(configuration: { $0.route("open") { $0.timeouts.totalMs = 150 } }) { edge, listener in
            let client = try edge.client()
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            #expect(client.response()?.status == 504)
            // Where the head itself came too late for the edge, the upstream answers another one.
            try await eventually("an answer that began in time") {
                client.send(Self.get)
                let (next, _) = try listener.acceptRequest()
                next.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
                let broken = try #require(client.response())
                guard broken.status != 504 else { return false }
                #expect(broken.status == 200)
                #expect(broken.isComplete == false)
                return true
            }
            withExtendedLifetime(peer) {}
        }
    }

    @Test(arguments: [false, true])
    func `PX-8 a connection lost before the head is 502 upstream-connection-lost`(_ resets: Bool) async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            client.send(Self.post)
            let (peer, _) = try listener.acceptRequest()
            #expect(peer.read(2) == Array("{}".utf8))
            if resets { peer.reset() } else { peer.close() }
            let response = client.response()
            #expect(response?.status == 502)
            #expect(response?.code == "upstream-connection-lost")
            #expect(response?["x-should-retry"] == "false")
        }
    }

    @Test func `PX-8 half a head and an end is a loss`() async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            client.send(Self.post)
            let (peer, _) = try listener.acceptRequest()
            _ = peer.read(2)
            peer.send("HTTP/1.1 200 OK\r\nContent-Le")
            peer.close()
            #expect(client.response()?.code == "upstream-connection-lost")
        }
    }

    @Test(arguments: [
        "Content-Length: 100\r\n\r\npart",
        "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
        "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\nx\r\n", "\r\npart",
    ])
    func `PD-5 an answer that ends too soon is visibly broken`(_ answer: String) async throws {
        // One without a length is whole where its connection ends in order.
        for resets in [false, true] where resets || answer != "\r\npart" {
            try await Self.play { edge, listener in
                let client = try edge.client()
                client.send(Self.get)
                let (peer, _) = try listener.acceptRequest()
                peer.send("HTTP/1.1 200 OK\r\n\(answer)")
                #expect(client.read(through: "part") != nil)
                if resets { peer.reset() } else { peer.close() }
                let rest = client.readToEnd()
                #expect(client.hasEnded)
                #expect(!rest.contains("0\r\n\r\n"))
            }
        }
    }

    /// To HTTP/1.0 an answer without a length ends with its connection: only a reset says that this was not its end.
    @Test(arguments: ["\r\npart", "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"])
    func `PD-5 an answer that ends too soon ends with a reset where its end is that of the connection`(
        _ answer: String
    ) async throws {
        for request in ["GET /open/a HTTP/1.0\r\n\r\n", "POST /open/a HTTP/1.0\r\nContent-Length: 9\r\n\r\nhalf"] {
            try await Self.play { edge, listener in
                let client = try edge.client()
                client.send(request)
                let (peer, _) = try listener.acceptRequest()
                peer.send("HTTP/1.1 200 OK\r\n\(answer)")
                #expect(client.read(through: "part") != nil)
                peer.reset()
                #expect(client.readToEnd().isEmpty)
                #expect(client.wasReset)
            }
        }
    }

    @Test func `an answer whose end is that of the connection and that is whole ends in order`() async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            client.send("GET /open/a HTTP/1.0\r\n\r\n")
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n0\r\n\r\n")
            #expect(client.readToEnd().hasSuffix("\r\n\r\npart"))
            #expect(client.hasEnded && !client.wasReset)
        }
    }

    @Test func `PD-5 a broken event stream ends with the problem as its last event`() async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send(
                """
                HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n\
                9\r\ndata: 1\n\n\r\n
                """)
            #expect(client.read(through: "data: 1\n\n\r\n") != nil)
            peer.close()
            let rest = client.readToEnd()
            #expect(rest.contains("event: error\n"))
            let data = rest.split(separator: "\n").first { $0.hasPrefix("data: ") }?.dropFirst(6) ?? ""
            #expect(JSONText(String(data)).object?["code"] as? String == "upstream-truncated")
            #expect(client.hasEnded)
        }
    }

    @Test func `PX-8 silence between body bytes ends the answer`() async throws {
        try await Self.play(configuration: { $0.route("open") { $0.timeouts.idleMs = 100 } }) { edge, listener in
            let client = try edge.client()
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
            let response = client.response()
            #expect(response?.text == "part")
            #expect(response?.isComplete == false)
            #expect(client.hasEnded)
        }
    }

    @Test func `a client that goes away ends its upstream request`() async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            client.close()
            #expect(peer.endsSilently())
            let second = try edge.client()
            second.send(Self.get)
            let (next, _) = try listener.acceptRequest()
            next.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
            #expect(second.read(through: "part") != nil)
            second.reset()
            #expect(next.endsSilently())
        }
    }

    // MARK: Trying again

    @Test func `PX-9 a POST is not sent twice after a byte was written`() async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            client.send(Self.post)
            let (peer, _) = try listener.acceptRequest()
            _ = peer.read(2)
            peer.close()
            #expect(client.response()?.status == 502)
            #expect(!listener.hasConnection)
            #expect(await edge.count("upstream_requests_total") == 1)
            #expect(await edge.count("upstream_retries_total") == 0)
        }
    }

    @Test(arguments: [
        "GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n",
        "DELETE /open/a HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
    ])
    func `PX-9 an idempotent request is sent once more, whole`(_ request: String) async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            client.send(request)
            let (peer, head) = try listener.acceptRequest()
            peer.close()
            let (next, again) = try listener.acceptRequest()
            #expect(head == again)
            if request.hasSuffix("{}") { #expect(next.read(2) == Array("{}".utf8)) }
            next.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(client.response()?.text == "ok")
            client.send(request)
            _ = next.read(through: "\r\n\r\n")
            next.close()
            let (third, _) = try listener.acceptRequest()
            third.close()
            #expect(client.response()?.code == "upstream-connection-lost")
            #expect(!listener.hasConnection)
        }
    }

    @Test func `PX-9 a body that is streamed is not sent again`() async throws {
        try await Self.play { edge, listener in
            let client = try edge.client()
            client.send("PUT /open/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
            let (peer, _) = try listener.acceptRequest()
            _ = peer.read(through: "{}")
            peer.close()
            #expect(client.response()?.code == "upstream-connection-lost")
            #expect(!listener.hasConnection)
        }
    }

    /// The gateway learns of the reset when it writes: the request ends within its own write.
    @Test func `a request whose idle connection was reset meanwhile is answered, and its client's connection goes on`()
        async throws
    {
        let stop = LoopStop()
        let listener = try RawListener()
        let edge = try await TestEdge(
            upstreamPort: listener.port, dependencies: { $0.lastUsed = { _ in stop.wait() } })
        let tenant = try await edge.realm.issue()
        let client = try edge.client()
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        client.send(RawRequest.get("/v1/a", as: tenant))
        let (idle, _) = try listener.acceptRequest()
        idle.send(ok)
        #expect(client.response()?.text == "ok")
        // The loop tells of the key's use within a second, and stands still.
        try await eventually("the loop stands still") { stop.isWaiting }
        client.send(Self.post)
        idle.reset()
        stop.end()
        #expect(client.response()?.status == 502)
        client.send(Self.get)
        let (peer, _) = try listener.acceptRequest()
        peer.send(ok)
        #expect(client.response()?.text == "ok")
        await edge.stop()
    }

    /// Holds an event loop up.
    private final class LoopStop: Sendable {
        private let state = Atomic<Int>(0)

        var isWaiting: Bool { self.state.load(ordering: .acquiring) == 1 }

        /// Returns when `end` has been called; at once after that.
        func wait() {
            guard self.state.compareExchange(expected: 0, desired: 1, ordering: .acquiringAndReleasing).exchanged else {
                return
            }
            while self.isWaiting { usleep(1_000) }
        }

        func end() { self.state.store(2, ordering: .releasing) }
    }

    @Test func `an endpoint that refuses is passed over for one that does not`() async throws {
        let dead = try RawListener(backlog: nil)
        defer { withExtendedLifetime(dead) {} }
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port,
                configuration: { $0.upstreams[0].endpoints = Self.endpoints([dead.port, upstream.port]) }
            ) { edge in
                let client = try edge.client()
                for _ in 0..<20 {
                    #expect(client.exchange(Self.post)?.text == "hello")
                }
                #expect(upstream.requests.count == 20)
                #expect(upstream.requests.allSatisfy { $0.body == "{}" })
            }
        }
    }

    @Test func `requests are spread over endpoints`() async throws {
        try await ScriptedUpstream.with({ _ in .ok("one") }) { one in
            try await ScriptedUpstream.with({ _ in .ok("two") }) { two in
                try await TestEdge.with(
                    upstreamPort: one.port,
                    configuration: { $0.upstreams[0].endpoints = Self.endpoints([one.port, two.port]) }
                ) { edge in
                    let client = try edge.client()
                    for _ in 0..<10 { #expect(client.exchange(Self.get)?.status == 200) }
                    #expect(one.requests.count == 5)
                    #expect(two.requests.count == 5)
                }
            }
        }
    }
}
