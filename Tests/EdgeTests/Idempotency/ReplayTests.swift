import Domain
import TestKit
import Testing

@testable import Edge

/// What is stored and how it is served again (STANDARDS §1, points 5, 7, 8 and rows f to k).
@Suite(.serialized) struct ReplayTests {
    private static func raw(_ text: String) -> ScriptedUpstream.Answer { .init(.bytes(text)) }

    @Test func `IK-15 a replay has the first answer's status, fields and bytes`() async throws {
        let body = "{\"id\":\"job_1\",\"bytes\":\"\u{e9}\u{0}\"}\r\n\r\n"
        try await KeyedEdge.with(answer: { _ in
            Self.raw(
                """
                HTTP/1.1 201 Created\r\nLocation: /v1/jobs/1\r\nContent-Type: application/json\r\nETag: "x"\r\n\
                X-Many: 1\r\nX-Many: 2\r\nConnection: x-hop\r\nX-Hop: 1\r\nCache-Control: private\r\n\
                Content-Length: \(body.utf8.count)\r\n\r\n\(body)
                """)
        }) { gate in
            let first = try #require(try gate.post("k"))
            let again = try await gate.replay("k")
            #expect(again.status == 201)
            #expect(again.body == Array(body.utf8))
            #expect(again.body == first.body)
            for name in ["location", "content-type", "etag", "x-many", "cache-control"] {
                #expect(again.all(name) == first.all(name), "\(name)")
                #expect(!again.all(name).isEmpty)
            }
            #expect(again["x-hop"] == nil)
            #expect(again["content-length"] == "\(body.utf8.count)")
            #expect(again["idempotent-original-request"] == first["x-request-id"])
            #expect(again["x-request-id"] != first["x-request-id"])
            #expect(first["idempotent-replayed"] == nil)
            #expect(gate.upstream.requests.count == 1)
        }
    }

    @Test func `IK-25 what belonged to the first answer alone is not replayed`() async throws {
        let names = [
            "Set-Cookie", "Via", "Age", "Server-Timing", "Alt-Svc", "Strict-Transport-Security", "WWW-Authenticate",
            "Retry-After", "traceparent", "tracestate", "traceresponse", "RateLimit", "X-RateLimit-Limit",
            "retry-after-ms",
        ]
        try await KeyedEdge.with(answer: { _ in
            let lines = names.map { "\($0): old\r\n" }.joined()
            return Self.raw(
                "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\n\(lines)X-Request-Id: up\r\nContent-Length: 2\r\n\r\nok"
            )
        }) { gate in
            let first = try #require(try gate.post("k"))
            #expect(first["set-cookie"] == "old")
            #expect(first["date"] == "Thu, 01 Jan 2015 00:00:00 GMT")
            let again = try await gate.replay("k")
            for name in names { #expect(again.all(name.lowercased()).contains("old") == false, "\(name)") }
            #expect(again.all("date").count == 1)
            #expect(again["date"]?.contains("2015") == false)
            #expect(again.all("x-request-id").count == 1)
            #expect(again["x-request-id"] != "up")
        }
    }

    @Test(arguments: [
        "204 No Content\r\n\r\n", "200 OK\r\nContent-Length: 0\r\n\r\n", "304 Not Modified\r\nETag: \"x\"\r\n\r\n",
        "303 See Other\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", "404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        "422 Unprocessable\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\nX-T: 1\r\n\r\n",
    ])
    func `IK-15 every complete answer is replayed as it was`(_ answer: String) async throws {
        try await KeyedEdge.with(answer: { _ in Self.raw("HTTP/1.1 \(answer)") }) { gate in
            let first = try #require(try gate.post("k"))
            let again = try await gate.replay("k")
            #expect(again.status == first.status)
            #expect(again.body == first.body)
            #expect(again.trailers.isEmpty)
            #expect(gate.upstream.requests.count == 1)
        }
    }

    @Test(arguments: [401, 407, 408, 421, 425, 429, 503])
    func `IK-16 an answer that says nothing was done frees the key`(_ status: Int) async throws {
        try await KeyedEdge.with(answer: { _ in Self.raw("HTTP/1.1 \(status) No\r\nContent-Length: 2\r\n\r\nno") }) {
            gate in
            #expect(try gate.post("k")?.status == status)
            try await gate.expectExecutes("k", count: 2)
        }
    }

    @Test(arguments: [500, 501, 502, 504, 507])
    func `IK-17 an upstream's failure is replayed, unless the route frees the key`(_ status: Int) async throws {
        let answer: @Sendable (ScriptedUpstream.Seen) -> ScriptedUpstream.Answer = { _ in
            Self.raw("HTTP/1.1 \(status) Broken\r\nContent-Length: 6\r\n\r\nbroken")
        }
        try await KeyedEdge.with(answer: answer) { gate in
            #expect(try gate.post("k")?.status == status)
            let again = try await gate.replay("k")
            #expect(again.status == status)
            #expect(again.text == "broken")
            #expect(gate.upstream.requests.count == 1)
        }
        try await KeyedEdge.with(policy: { $0.replay5xx = .release }, answer: answer) { gate in
            #expect(try gate.post("k")?.status == status)
            try await gate.expectExecutes("k", count: 2)
        }
    }

    @Test func `IK-19 an answer beyond the cap is delivered, and the key says that it cannot be again`() async throws {
        let body = String(repeating: "x", count: 5_000)
        try await KeyedEdge.with(policy: { $0.responseBytesMax = 4_999 }, answer: { _ in .ok(body) }) { gate in
            let first = try #require(try gate.post("k"))
            #expect(first.text == body)
            var again: RawResponse?
            try await eventually("the result") {
                again = try gate.post("k")
                return again?.code != "idempotency-in-progress"
            }
            #expect(again?.status == 409)
            #expect(again?.code == "idempotency-result-unavailable")
            #expect(again?["x-should-retry"] == "false")
            #expect(again?.problem?["original_status"] as? Int == 200)
            #expect(again?.problem?["original_request_id"] as? String == first["x-request-id"])
            #expect(gate.upstream.requests.count == 1)
        }
        try await KeyedEdge.with(policy: { $0.responseBytesMax = 5_000 }, answer: { _ in .ok(body) }) { gate in
            _ = try gate.post("k")
            #expect(try await gate.replay("k").text == body)
        }
    }

    @Test func `IK-20 an event stream is replayed as one body`() async throws {
        let events = (1...5).map { "id: \($0)\ndata: {\"n\":\($0)}\n\n" }
        try await KeyedEdge.with(answer: { _ in
            var steps: [ScriptedUpstream.Answer.Step] = [
                .bytes("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            ]
            steps += events.map { .bytes("\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n") }
            steps.append(.bytes("0\r\n\r\n"))
            return ScriptedUpstream.Answer(steps: steps)
        }) { gate in
            let first = try #require(try gate.post("k"))
            #expect(first.text == events.joined())
            let again = try await gate.replay("k")
            #expect(again.text == events.joined())
            #expect(again["content-type"] == "text/event-stream")
            #expect(again["content-length"] == "\(events.joined().utf8.count)")
            #expect(gate.upstream.requests.count == 1)
        }
    }

    @Test func `a body beyond the cap is 413 and claims nothing`() async throws {
        try await KeyedEdge.with(policy: { $0.requestBytesMax = 10 }) { gate in
            let declared = try gate.post("k", body: String(repeating: "x", count: 11))
            #expect(declared?.status == 413)
            #expect(declared?.code == "idempotency-body-too-large")
            let counted = try gate.edge.exchange(
                """
                POST /v1/jobs HTTP/1.1\r\nHost: a\r\n\(gate.tenant.authorization)Idempotency-Key: k\r\n\
                Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n
                """)
            #expect(counted?.status == 413)
            #expect(gate.upstream.connections == 0)
            #expect(try gate.post("k", body: "0123456789")?.text == "made")
        }
    }

    @Test func `a keyed request asks the upstream for an answer that suits everybody`() async throws {
        try await KeyedEdge.with { gate in
            _ = try gate.post("k", fields: "Accept-Encoding: gzip\r\n")
            #expect(gate.upstream.requests.first?.all("accept-encoding") == ["identity"])
        }
    }

    @Test func `a keyed request without a body is one too`() async throws {
        try await KeyedEdge.with { gate in
            let request = "POST /v1/jobs HTTP/1.1\r\nHost: a\r\n\(gate.tenant.authorization)Idempotency-Key: k\r\n\r\n"
            let client = try gate.edge.client()
            #expect(client.exchange(request)?.text == "made")
            #expect(client.exchange(request)?["idempotent-replayed"] == "true")
            #expect(try gate.post("k", body: "")?["idempotent-replayed"] == "true")
            #expect(gate.upstream.requests.count == 1)
        }
    }
}
