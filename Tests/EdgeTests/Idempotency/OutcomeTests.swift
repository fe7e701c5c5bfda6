import Domain
import TestKit
import Testing

@testable import Edge

/// What becomes of a key however the upstream fails: rows a to i of STANDARDS §1, on sockets.
@Suite struct OutcomeTests {
    private static let created = ScriptedUpstream.Answer(
        .bytes("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nLocation: /v1/jobs/42\r\n\r\nok"))

    /// Sends a key twice; the first upstream answer is `first`, every later one is 201.
    private static func twice(
        _ first: ScriptedUpstream.Answer, policy: (inout IdempotencyPolicy) -> Void = { _ in },
        configuration: (inout Configuration) -> Void = { _ in },
        _ check: (_ first: RawResponse?, _ second: RawResponse?, _ executions: Int) throws -> Void
    ) async throws {
        try await KeyedScene.with(
            { number, _ in number == 1 ? first : Self.created }, policy: policy, configuration: configuration
        ) { scene in
            let one = try scene.send(key: "k")
            let two = try scene.send(key: "k")
            try check(one, two, scene.executions)
        }
    }

    @Test func `IK-10 (row a) what is refused before forwarding leaves no claim`() async throws {
        try await KeyedScene.with(
            policy: { $0.requestBytesMax = 10 }, configuration: { $0.route("v1") { $0.scopes = ["jobs"] } }
        ) { scene in
            let tenant = try await scene.edge.realm.issue { $0.scopes = ["jobs"] }
            let large = String(repeating: "x", count: 11)
            #expect(try scene.send(key: "k", body: large, as: tenant)?.code == "idempotency-body-too-large")
            let chunked = """
                POST /v1/jobs HTTP/1.1\r\nHost: a\r\n\(tenant.authorization)Idempotency-Key: k\r\n\
                Transfer-Encoding: chunked\r\n\r\nb\r\n\(large)\r\n0\r\n\r\n
                """
            #expect(try scene.edge.exchange(chunked)?.status == 413)
            #expect(try scene.send(key: "k")?.status == 403)
            #expect(try scene.send("POST", "/nowhere", key: "k", as: tenant)?.status == 404)
            #expect(scene.executions == 0)
            #expect(try scene.send(key: "k", as: tenant)?.isReplay == false)
            #expect(scene.executions == 1)
        }
    }

    @Test func `IK-11 (row b) a refused connection is 502, and the key runs afresh`() async throws {
        let closed = try RawListener(backlog: nil)
        defer { withExtendedLifetime(closed) {} }
        try await KeyedScene.with(configuration: {
            $0.upstreams[0].endpoints = [ListenAddress(host: "127.0.0.1", port: closed.port)]
        }) { scene in
            for _ in 1...2 {
                let refused = try scene.send(key: "k")
                #expect(refused?.status == 502)
                #expect(refused?.code == "upstream-connect-failed")
                #expect(refused?["x-should-retry"] == nil)
                try await eventually("the claim is given back") { try await scene.claims().isEmpty }
            }
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 0])
        }
    }

    @Test func `IK-11 (row b) all endpoints are tried before a request is refused`() async throws {
        let listeners = try (0..<3).map { _ in try RawListener(backlog: nil) }
        defer { withExtendedLifetime(listeners) {} }
        let closed = listeners.map { ListenAddress(host: "127.0.0.1", port: $0.port) }
        try await KeyedScene.with(configuration: { $0.upstreams[0].endpoints.insert(contentsOf: closed, at: 0) }) {
            scene async throws in
            for number in 1...8 {
                #expect(try scene.send(key: "k\(number)")?.status == 200)
                #expect(try scene.send(key: "k\(number)")?.isReplay == true)
            }
            #expect(scene.executions == 8)
        }
    }

    @Test func `IK-13 (row d) a connection lost before the answer is a 502 that is stored`() async throws {
        try await Self.twice(.init(.close)) { first, second, executions in
            for answer in [first, second] {
                #expect(answer?.status == 502)
                #expect(answer?.code == "upstream-connection-lost")
                #expect(answer?["x-should-retry"] == "false")
            }
            #expect(first?.isReplay == false)
            #expect(second?.isReplay == true)
            #expect(second?["idempotent-original-request"] == first?["x-request-id"])
            #expect(second?["x-request-id"] != first?["x-request-id"])
            #expect(executions == 1)
        }
    }

    @Test func `IK-13 (row d) holds for a keyed PUT: what may have been executed is not repeated`() async throws {
        try await KeyedScene.with({ _, _ in .init(.close) }, policy: { $0.methods = ["PUT"] }) { scene async throws in
            #expect(try scene.send("PUT", key: "k")?.code == "upstream-connection-lost")
            #expect(try scene.send("PUT", key: "k")?.isReplay == true)
            #expect(scene.executions == 1)
        }
    }

    @Test func `IK-14 (row e) no answer in time is a 504 that is stored`() async throws {
        try await Self.twice(
            .init(.gate), configuration: { $0.route("v1") { $0.timeouts.headMs = 200 } }
        ) { first, second, executions in
            #expect(first?.status == 504)
            #expect(first?.code == "upstream-timeout")
            #expect(first?["x-should-retry"] == "false")
            #expect(second?.code == "upstream-timeout")
            #expect(second?.isReplay == true)
            #expect(executions == 1)
        }
    }

    @Test func `IK-13 (row d) an answer that is not HTTP is stored, and says not to retry`() async throws {
        try await Self.twice(.init(.bytes("SMTP ready\r\n\r\n"))) { first, second, executions in
            #expect(first?.code == "upstream-protocol-error")
            #expect(first?["x-should-retry"] == "false")
            #expect(second?.isReplay == true)
            #expect(executions == 1)
        }
    }

    @Test(arguments: [
        ScriptedUpstream.Answer(.close), .init(.bytes("nonsense\r\n\r\n"), .close),
        .init(.bytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart"), .close),
    ])
    func `IK-13 IK-14 IK-18 (rows d, e, h) an upstream that honours keys is asked again`(
        _ failure: ScriptedUpstream.Answer
    ) async throws {
        try await Self.twice(failure, policy: { $0.upstreamIdempotent = true }) { first, second, executions in
            if first?.status == 502 { #expect(first?["x-should-retry"] == "true") }
            #expect(first?.isComplete == false || first?.status == 502)
            #expect(second?.status == 201)
            #expect(second?.isReplay == false)
            #expect(executions == 2)
        }
    }

    @Test(arguments: [200, 201, 202, 302, 303, 400, 402, 404, 409, 422, 451])
    func `IK-15 (row f) a complete answer is stored whatever it says`(_ status: Int) async throws {
        let answer = ScriptedUpstream.Answer(
            .bytes("HTTP/1.1 \(status) Some\r\nContent-Length: 7\r\nX-Custom: \(status)\r\n\r\ncontent"))
        try await Self.twice(answer) { first, second, executions in
            for answer in [first, second] {
                #expect(answer?.status == status)
                #expect(answer?.text == "content")
                #expect(answer?["x-custom"] == "\(status)")
            }
            #expect(second?.isReplay == true)
            #expect(executions == 1)
        }
    }

    @Test(arguments: [204, 304])
    func `IK-15 (row f) an answer without content is replayed without`(_ status: Int) async throws {
        try await Self.twice(.init(.bytes("HTTP/1.1 \(status) Some\r\nX-Custom: 1\r\n\r\n"))) { _, second, executions in
            #expect(second?.status == status)
            #expect(second?.isReplay == true)
            #expect(second?["content-length"] == nil)
            #expect(second?["x-custom"] == "1")
            #expect(executions == 1)
        }
    }

    @Test(arguments: [401, 407, 408, 421, 425, 429, 503])
    func `IK-16 (row f2) an answer that says nothing was executed frees the key`(_ status: Int) async throws {
        let answer = ScriptedUpstream.Answer(.bytes("HTTP/1.1 \(status) Some\r\nContent-Length: 2\r\n\r\nno"))
        try await Self.twice(answer) { first, second, executions in
            #expect(first?.status == status)
            #expect(first?.text == "no")
            #expect(second?.status == 201)
            #expect(second?.isReplay == false)
            #expect(executions == 2)
        }
    }

    @Test(arguments: [500, 501, 502, 504, 507])
    func `IK-17 (row g) a complete 5xx is stored, or frees the key where the route says so`(_ status: Int) async throws
    {
        let answer = ScriptedUpstream.Answer(.bytes("HTTP/1.1 \(status) Some\r\nContent-Length: 4\r\n\r\noops"))
        try await Self.twice(answer) { first, second, executions in
            #expect(first?.status == status)
            #expect(second?.status == status)
            #expect(second?.text == "oops")
            #expect(second?.isReplay == true)
            #expect(executions == 1)
        }
        try await Self.twice(answer, policy: { $0.replay5xx = .release }) { first, second, executions in
            #expect(first?.status == status)
            #expect(second?.status == 201)
            #expect(executions == 2)
        }
    }

    @Test(arguments: [
        "Content-Length: 100\r\n\r\npart", "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
        "Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\nx\r\n",
    ])
    func `IK-18 (row h) an answer cut off is stored as 502 upstream-truncated`(_ rest: String) async throws {
        try await Self.twice(.init(.bytes("HTTP/1.1 200 OK\r\n\(rest)"), .close)) { first, second, executions in
            #expect(first?.status == 200)
            #expect(first?.isComplete == false)
            #expect(second?.status == 502)
            #expect(second?.code == "upstream-truncated")
            #expect(second?.isReplay == true)
            #expect(second?["x-should-retry"] == "false")
            #expect(executions == 1)
        }
    }

    @Test(arguments: [false, true])
    func `IK-19 (row i) a result beyond the cap is delivered whole, and remembered as done`(_ isChunked: Bool)
        async throws
    {
        let body = String(repeating: "0123456789", count: 200)
        let answer = ScriptedUpstream.Answer(
            .bytes(
                isChunked
                    ? "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n\(body)\r\n0\r\n\r\n"
                    : "HTTP/1.1 201 Created\r\nContent-Length: 2000\r\n\r\n\(body)"))
        try await Self.twice(answer, policy: { $0.responseBytesMax = 1_999 }) { first, second, executions in
            #expect(first?.status == 201)
            #expect(first?.text == body)
            #expect(second?.status == 409)
            #expect(second?.code == "idempotency-result-unavailable")
            #expect(second?.problem?["original_status"] as? Int == 201)
            #expect(second?.problem?["original_length"] as? Int == 2_000)
            #expect((second?.problem?["original_sha256"] as? String)?.count == 64)
            #expect(second?.problem?["original_request_id"] as? String == first?["x-request-id"])
            #expect(second?["x-should-retry"] == "false")
            #expect(executions == 1)
        }
        // One byte more room, and it is replayed.
        try await Self.twice(answer, policy: { $0.responseBytesMax = 2_000 }) { _, second, executions in
            #expect(second?.text == body)
            #expect(second?.isReplay == true)
            #expect(executions == 1)
        }
    }
}
