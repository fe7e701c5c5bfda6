import Domain
import TestKit
import Testing

@testable import Edge

/// What the client sees of an answer.
@Suite(.serialized) struct ResponseTests {
    /// An edge in front of an upstream that the test plays.
    private static func play(
        configuration: (inout Configuration) -> Void = { _ in }, _ body: (RawClient, RawListener) async throws -> Void
    ) async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port, configuration: configuration) { edge in
            try await body(edge.client(), listener)
        }
    }

    private static let get = "GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func `PX-1 hop-by-hop fields and what Connection names stay with the upstream`() async throws {
        try await Self.play { client, listener in
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send(
                """
                HTTP/1.1 200 Fine\r\nConnection: x-foo, cache-control\r\nX-Foo: 1\r\nCache-Control: private\r\n\
                Keep-Alive: timeout=1\r\nTrailer: x\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic\r\nSet-Cookie: a=1\r\n\
                Set-Cookie: b=2\r\nX-Up: 1\r\nServer: s\r\nContent-Length: 2\r\n\r\nok
                """)
            let response = try #require(client.response())
            for name in ["x-foo", "keep-alive", "trailer", "upgrade", "proxy-authenticate"] {
                #expect(response[name] == nil, "\(name)")
            }
            #expect(response["cache-control"] == "private")
            #expect(response.all("set-cookie") == ["a=1", "b=2"])
            #expect(response["x-up"] == "1")
            #expect(response["server"] == "s")
            #expect(response["date"] != nil)
            #expect(response.text == "ok")
        }
    }

    @Test func `an upstream's own quota and identity fields are not passed on`() async throws {
        try await Self.play { client, listener in
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send(
                """
                HTTP/1.1 429 Too Many\r\nRateLimit: "x";r=1\r\nRateLimit-Policy: "x";q=1\r\nX-RateLimit-Limit: 1\r\n\
                X-RateLimit-Remaining-Tokens: 1\r\nretry-after-ms: 5\r\nRetry-After: 7\r\nX-Tollgate-Error: forged\r\n\
                Content-Length: 2\r\n\r\nno
                """)
            let response = try #require(client.response())
            #expect(response.status == 429)
            #expect(response.text == "no")
            for name in ["ratelimit", "ratelimit-policy", "x-ratelimit-limit", "retry-after-ms", "x-tollgate-error"] {
                #expect(response[name] == nil, "\(name)")
            }
            #expect(response["retry-after"] == "7")
        }
    }

    @Test func `PX-4 interim answers are relayed, and the final one follows`() async throws {
        try await Self.play { client, listener in
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
            let hint = client.response()
            #expect(hint?.status == 103)
            #expect(hint?["link"] == "</a.css>; rel=preload")
            #expect(hint?["content-length"] == nil)
            peer.send("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(client.response()?.status == 102)
            #expect(client.response()?.text == "ok")
        }
    }

    @Test func `PX-4 HTTP 1.0 gets no interim answers`() async throws {
        try await Self.play { client, listener in
            client.send("GET /open/a HTTP/1.0\r\n\r\n")
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(client.response()?.status == 200)
        }
    }

    @Test(
        arguments: [
            ("HEAD", "200 OK\r\nContent-Length: 10\r\n", "10"), ("GET", "204 No Content\r\n", nil),
            ("GET", "304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 10\r\n", "10"),
            ("GET", "204 No Content\r\nContent-Length: 0\r\n", nil),
            ("HEAD", "200 OK\r\nTransfer-Encoding: chunked\r\n", nil),
            ("HEAD", "404 Not Found\r\nContent-Length: 3\r\n", "3"),
        ] as [(String, String, String?)])
    func `PX-5 answers without a body leave both connections usable`(
        _ method: String, _ head: String, _ length: String?
    ) async throws {
        try await Self.play { client, listener in
            client.send("\(method) /open/a HTTP/1.1\r\nHost: a\r\n\r\n")
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 \(head)\r\n")
            let response = client.response(head: true)
            #expect(response?["content-length"] == length)
            client.send(Self.get)
            #expect(peer.read(through: "\r\n\r\n")?.hasPrefix("GET /open/a ") == true)
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(client.response()?.text == "ok")
        }
    }

    @Test func `PX-6 an event is delivered before the upstream sends the next`() async throws {
        let events = ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"]
        try await ScriptedUpstream.with({ _ in
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunks = events.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }
            return .init(
                .bytes(head + chunks[0]), .gate, .bytes(chunks[1]), .gate, .bytes(chunks[2] + "0\r\n\r\n"))
        }) { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                client.send(Self.get)
                let head = try #require(client.read(through: "\r\n\r\n"))
                #expect(head.contains("X-Accel-Buffering: no\r\n"))
                #expect(head.contains("Content-Type: text/event-stream\r\n"))
                #expect(client.read(through: events[0])?.hasSuffix(events[0]) == true)
                upstream.proceed()
                #expect(client.read(through: events[1])?.hasSuffix(events[1]) == true)
                upstream.proceed()
                #expect(client.read(through: "0\r\n\r\n")?.contains(events[2]) == true)
            }
        }
    }

    @Test func `chunks and trailers go through`() async throws {
        try await Self.play { client, listener in
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=1\r\nabc\r\n")
            #expect(client.read(through: "abc\r\n") != nil)
            peer.send("2\r\nde\r\n0\r\n\r\n")
            #expect(client.read(through: "0\r\n\r\n") == "2\r\nde\r\n0\r\n\r\n")
        }
        try await Self.play { client, listener in
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 5\r\n\r\n")
            let response = client.response()
            #expect(response?.text == "abc")
            #expect(response?.isComplete == true)
            #expect(response?.trailers == ["X-Sum: 5"])
        }
    }

    @Test func `an answer that ends with its connection becomes a chunked one`() async throws {
        try await Self.play { client, listener in
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 200 OK\r\n\r\nuntil the end")
            peer.close()
            let response = client.response()
            #expect(response?["transfer-encoding"] == "chunked")
            #expect(response?.text == "until the end")
            #expect(response?.isComplete == true)
            // The client's connection goes on.
            client.send(Self.get)
            let (next, _) = try listener.acceptRequest()
            next.send("HTTP/1.1 204 No Content\r\n\r\n")
            #expect(client.response()?.status == 204)
        }
    }

    @Test(arguments: [
        "X: a\nSet-Cookie: evil=1", "X: a\rSet-Cookie: evil=1", "X: a\0b", "X : a", " X: a",
        "Content-Length: 1\r\nContent-Length: 2",
        "Content-Length: 1\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Content-Length: x",
    ])
    func `PX-11 an answer that could be read two ways is not passed on`(_ lines: String) async throws {
        try await Self.play { client, listener in
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 200 OK\r\n\(lines)\r\n\r\nxx")
            let response = client.response()
            #expect(response?.status == 502)
            #expect(response?.code == "upstream-protocol-error")
            #expect(response?["set-cookie"] == nil)
            // Nothing more is read from or sent on that connection.
            #expect(peer.readToEnd().isEmpty)
            client.send(Self.get)
            let (next, _) = try listener.acceptRequest()
            next.send("HTTP/1.1 204 No Content\r\n\r\n")
            #expect(client.response()?.status == 204)
        }
    }

    @Test(arguments: [
        "garbage, and more of it\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n",
    ])
    func `an answer that is not HTTP is 502`(_ bytes: String) async throws {
        try await Self.play { client, listener in
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send(bytes)
            let response = client.response()
            #expect(response?.status == 502)
            #expect(response?.code == "upstream-protocol-error")
        }
    }

    @Test func `an answer split at every byte is the same answer`() async throws {
        let answers = [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nX-T: 1\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        ]
        try await Self.play { client, listener in
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            for (index, answer) in answers.enumerated() {
                let bytes = Array(answer.utf8)
                for split in 1..<bytes.count {
                    if index > 0 || split > 1 {
                        client.send(Self.get)
                        _ = peer.read(through: "\r\n\r\n")
                    }
                    peer.send(Array(bytes[..<split]))
                    peer.send(Array(bytes[split...]))
                    var response = client.response()
                    if response?.status == 103 { response = client.response() }
                    #expect(response?.text == "hello", "answer \(index) split at \(split)")
                    guard response?.isComplete == true else { return }
                }
            }
        }
    }

    @Test func `bytes after an answer spoil its connection, not the next request`() async throws {
        try await Self.play { client, listener in
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            #expect(client.response()?.text == "ok")
            client.send(Self.get)
            let (next, _) = try listener.acceptRequest()
            next.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
            #expect(client.response()?.text == "good")
        }
    }

    @Test func `an answer nobody asked for is never given to anybody`() async throws {
        try await Self.play { client, listener in
            client.send(Self.get)
            let (peer, _) = try listener.acceptRequest()
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(client.response()?.text == "ok")
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            #expect(peer.readToEnd().isEmpty)
            client.send(Self.get)
            let (next, _) = try listener.acceptRequest()
            next.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
            #expect(client.response()?.text == "good")
        }
    }
}
