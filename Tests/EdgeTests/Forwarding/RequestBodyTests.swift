import Domain
import TestKit
import Testing

@testable import Edge

/// Request bodies on their way to the upstream.
@Suite(.serialized) struct RequestBodyTests {
    @Test func `a chunked body is forwarded chunk by chunk with its trailers`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try edge.client()
            client.send("POST /open/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            let (peer, head) = try listener.acceptRequest()
            #expect(head.contains("Transfer-Encoding: chunked\r\n"))
            #expect(!head.lowercased().contains("content-length"))
            // The first chunk arrives before the second is sent.
            #expect(peer.read(through: "first\r\n") == "5\r\nfirst\r\n")
            client.send("6\r\nsecond\r\n0\r\nX-Sum: 1\r\nX-Tollgate-Org: y\r\n\r\n")
            let rest = try #require(peer.read(through: "\r\n\r\n"))
            #expect(rest.hasPrefix("6\r\nsecond\r\n0\r\n"))
            #expect(rest.contains("X-Sum: 1\r\n"))
            #expect(!rest.contains("X-Tollgate"))
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(client.response()?.text == "ok")
        }
    }

    @Test func `a body with a length is streamed as it comes`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try edge.client()
            client.send("POST /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
            let (peer, head) = try listener.acceptRequest()
            #expect(head.contains("Content-Length: 10\r\n"))
            #expect(peer.read(5) == Array("first".utf8))
            client.send("later" + "GET /open/b HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(peer.read(5) == Array("later".utf8))
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(client.response()?.text == "ok")
            #expect(peer.read(through: "\r\n\r\n")?.hasPrefix("GET /open/b HTTP/1.1\r\n") == true)
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nb!")
            #expect(client.response()?.text == "b!")
        }
    }

    @Test func `Expect is forwarded and the upstream's 100 relayed`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try edge.client()
            client.send("POST /open/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            let (peer, head) = try listener.acceptRequest()
            #expect(head.lowercased().contains("expect: 100-continue\r\n"))
            peer.send("HTTP/1.1 100 Continue\r\n\r\n")
            #expect(client.response()?.status == 100)
            client.send("body")
            #expect(peer.read(4) == Array("body".utf8))
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(client.response()?.text == "ok")
        }
    }

    @Test func `a client is told to go on when the upstream says nothing`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try edge.client()
            client.send("POST /open/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            let (peer, _) = try listener.acceptRequest()
            #expect(client.response()?.status == 100)
            client.send("body")
            #expect(peer.read(4) == Array("body".utf8))
            peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            // Told once.
            #expect(client.response()?.status == 200)
        }
    }

    @Test func `a final answer instead of 100 ends the exchange`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try edge.client()
            client.send("POST /open/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
            let response = client.response()
            #expect(response?.status == 403)
            #expect(response?.text == "no")
            #expect(response?["connection"] == "close")
            #expect(peer.readToEnd().isEmpty)
        }
    }

    @Test func `a refusal comes before the body of a client that asks first`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                client.send("POST /v1/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
                let response = client.response()
                #expect(response?.status == 401)
                #expect(upstream.connections == 0)
            }
        }
    }

    @Test func `a keyed request is asked for its body by the gateway itself`() async throws {
        try await ScriptedUpstream.with({ .ok($0["expect"] ?? "none") }) { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port, configuration: { $0.route("v1") { $0.idempotency = IdempotencyPolicy() } }
            ) { edge in
                let tenant = try await edge.realm.issue()
                let client = try edge.client()
                client.send(
                    """
                    POST /v1/a HTTP/1.1\r\nHost: a\r\n\(tenant.authorization)Idempotency-Key: k\r\nExpect: 100-continue\r\n\
                    Content-Length: 4\r\n\r\n
                    """)
                #expect(client.response()?.status == 100)
                client.send("body")
                #expect(client.response()?.text == "none")
                #expect(upstream.requests.first?.body == "body")
            }
        }
    }

    @Test func `an answer before the body's end goes through and ends the connection`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port) { edge in
            let client = try edge.client()
            client.send("POST /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\npart")
            let (peer, _) = try listener.acceptRequest()
            #expect(peer.read(4) == Array("part".utf8))
            peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
            let response = client.response()
            #expect(response?.status == 413)
            #expect(response?.text == "big")
            #expect(response?["connection"] == "close")
            #expect(response?["x-tollgate-error"] == nil)
            client.finishSending()
            #expect(client.endsSilently())
        }
    }

    @Test func `a body beyond the route's bound is refused`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port, configuration: { $0.route("open") { $0.bodyBytesMax = 10 } }
            ) { edge in
                let declared = try edge.exchange(
                    "POST /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890")
                #expect(declared?.status == 413)
                #expect(declared?.code == "content-too-large")
                #expect(upstream.connections == 0)
                let counted = try edge.exchange(
                    "POST /open/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"
                )
                #expect(counted?.status == 413)
                #expect(upstream.requests.isEmpty)
                #expect(
                    try edge.exchange("POST /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789")?
                        .status == 200)
            }
        }
    }

    @Test func `a small body nobody wants is read over and the connection kept`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                for split in [0, 3, 10] {
                    let body = Array("0123456789".utf8)
                    client.send(
                        Array("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n".utf8) + body[..<split])
                    #expect(client.response()?.status == 404)
                    client.send(Array(body[split...]) + Array("GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
                    #expect(client.response()?.status == 200, "split at \(split)")
                }
            }
        }
    }

    @Test func `a body that stops coming is answered 408`() async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port, configuration: { $0.edge.bodyIdleTimeoutMs = 100 }) {
            edge in
            let client = try edge.client()
            client.send("POST /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst")
            let (peer, _) = try listener.acceptRequest()
            #expect(client.response()?.status == 408)
            #expect(client.endsSilently())
            #expect(peer.readToEnd() == "first")
        }
    }
}
