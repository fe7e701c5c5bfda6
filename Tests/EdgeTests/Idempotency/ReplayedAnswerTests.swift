import Domain
import TestKit
import Testing

@testable import Edge

/// What a replay looks like: IK-25, IK-26, IK-28, header sets, content codings.
@Suite struct ReplayedAnswerTests {
    @Test func `IK-25 a replay has no cookies and nothing else that belonged to the first answer only`() async throws {
        let firstOnly = """
            Set-Cookie: a=b\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nAge: 5\r\nVia: 1.1 x\r\nServer-Timing: a;dur=1\r\n\
            Alt-Svc: h2\r\nStrict-Transport-Security: max-age=1\r\nWWW-Authenticate: Basic\r\nRetry-After: 7\r\n\
            RateLimit: "x";r=1\r\nRateLimit-Policy: "x";q=1\r\nX-RateLimit-Limit: 9\r\nretry-after-ms: 5\r\n\
            traceparent: 00-0-0-00\r\ntracestate: a=b\r\ntraceresponse: 00-0-0-00\r\nX-Request-Id: theirs\r\n\
            X-Tollgate-Thing: 1\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n
            """
        let kept = "Location: /v1/jobs/42\r\nContent-Type: text/plain\r\nVary: Accept\r\nX-Own: yes\r\nETag: \"1\"\r\n"
        try await KeyedScene.with({ _, _ in
            .init(
                .bytes("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
                .bytes(
                    "HTTP/1.1 201 Created\r\n\(firstOnly)\(kept)Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
                        + "2\r\nok\r\n0\r\nX-T: 1\r\n\r\n"))
        }) { scene in
            let client = try scene.edge.client()
            client.send(scene.request(key: "k"))
            #expect(client.response()?.status == 103)
            let first = client.response()
            #expect(first?["set-cookie"] == "a=b")
            let replay = client.exchange(scene.request(key: "k"))
            #expect(replay?.status == 201)
            #expect(replay?.text == "ok")
            #expect(replay?.isReplay == true)
            #expect(replay?["idempotent-original-request"] == first?["x-request-id"])
            #expect(replay?["x-request-id"]?.hasPrefix("req_") == true)
            #expect(replay?["x-request-id"] != first?["x-request-id"])
            #expect(replay?["date"] != nil && replay?["date"] != "Sun, 06 Nov 1994 08:49:37 GMT")
            #expect(replay?.trailers.isEmpty == true)
            for name in [
                "set-cookie", "age", "via", "server-timing", "alt-svc", "strict-transport-security", "www-authenticate",
                "retry-after", "ratelimit", "ratelimit-policy", "x-ratelimit-limit", "retry-after-ms", "traceparent",
                "tracestate", "traceresponse", "x-tollgate-thing", "x-hop", "keep-alive", "trailer",
                "transfer-encoding",
            ] {
                #expect(replay?.all(name).isEmpty == true, "\(name)")
            }
            #expect(replay?["location"] == "/v1/jobs/42")
            #expect(replay?["content-type"] == "text/plain")
            #expect(replay?["vary"] == "Accept")
            #expect(replay?["x-own"] == "yes")
            #expect(replay?["etag"] == "\"1\"")
            #expect(replay?["content-length"] == "2")
        }
    }

    @Test func `IK-26 replays are not metered`() async throws {
        try await KeyedScene.with { scene async throws in
            for _ in 1...4 { #expect(try scene.send(key: "k")?.status == 200) }
            #expect(try scene.send(key: "other")?.status == 200)
            #expect(scene.executions == 2)
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 2])
            #expect(await scene.edge.count("replays_total") == 3)
        }
    }

    @Test func `IK-28 after its retention a key executes anew`() async throws {
        try await KeyedScene.with(policy: { $0.ttlMs = 400 }) { scene in
            #expect(try scene.send(key: "k")?.status == 200)
            try await eventually("the second execution") {
                _ = try scene.send(key: "k")
                return scene.executions == 2
            }
            #expect(scene.upstream.requests.count == 2)
        }
    }

    @Test func `a keyed request asks the upstream for no content coding`() async throws {
        try await KeyedScene.with { scene in
            _ = try scene.send(key: "k", fields: "Accept-Encoding: gzip, br\r\n")
            #expect(scene.upstream.requests.first?.all("accept-encoding") == ["identity"])
            _ = try scene.send(key: nil, fields: "Accept-Encoding: gzip, br\r\n")
            #expect(scene.upstream.requests.last?.all("accept-encoding") == ["gzip, br"])
        }
    }

    // MARK: An upstream that compresses all the same

    static let plain = "{\"hello\":\"" + String(repeating: "a", count: 300) + "\"}"
    static let gzip: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 202, 72, 205, 201, 201, 87, 178, 82, 74, 28, 5, 68, 3, 165, 90, 0,
        105,
        3, 211, 195, 56, 1, 0, 0,
    ]
    static let zlib: [UInt8] = [
        120, 156, 171, 86, 202, 72, 205, 201, 201, 87, 178, 82, 74, 28, 5, 68, 3, 165, 90, 0, 145, 233, 117, 123,
    ]
    static let deflate: [UInt8] = [171, 86, 202, 72, 205, 201, 201, 87, 178, 82, 74, 28, 5, 68, 3, 165, 90, 0]

    /// An upstream that answers each request with these bytes as its content.
    private static func play(
        coding: String, body: [UInt8], _ check: (TestEdge, Tenant, RawResponse?) async throws -> Void
    ) async throws {
        let listener = try RawListener()
        try await TestEdge.with(upstreamPort: listener.port, configuration: { KeyedScene.configure(&$0) }) { edge in
            let tenant = try await edge.realm.issue()
            let client = try edge.client()
            client.send(Self.request(tenant, accept: "Accept-Encoding: gzip\r\n"))
            let (peer, _) = try listener.acceptRequest()
            _ = peer.read(2)
            peer.send(
                Array(
                    """
                    HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: \(coding)\r\nETag: "e"\r\n\
                    Content-MD5: x\r\nContent-Length: \(body.count)\r\n\r\n
                    """.utf8) + body)
            let first = client.response()
            try await check(edge, tenant, first)
        }
    }

    private static func request(_ tenant: Tenant, accept: String) -> String {
        RawRequest.post("/v1/jobs", as: tenant, fields: "Idempotency-Key: k\r\n\(accept)")
    }

    @Test func `a compressed answer is replayed as it is to who can take it, and decoded to who cannot`() async throws {
        try await Self.play(coding: "gzip", body: Self.gzip) { edge, tenant, first in
            #expect(first?.body == Self.gzip)
            for accept in ["", "Accept-Encoding: br, GZip;q=0.5\r\n", "Accept-Encoding: *\r\n"] {
                let same = try edge.exchange(Self.request(tenant, accept: accept))
                #expect(same?.isReplay == true)
                #expect(same?["content-encoding"] == "gzip")
                #expect(same?.body == Self.gzip, "\(accept)")
                #expect(same?["etag"] == "\"e\"")
                #expect(same?["vary"] == "Accept-Encoding")
            }
            for accept in ["identity", "br", "gzip;q=0", "*;q=0, identity", "gzip; q=0.000, *", ""] {
                let decoded = try edge.exchange(Self.request(tenant, accept: "Accept-Encoding: \(accept)\r\n"))
                #expect(decoded?.isReplay == true)
                #expect(decoded?.all("content-encoding").isEmpty == true, "\(accept)")
                #expect(decoded?.text == Self.plain, "\(accept)")
                #expect(decoded?["content-type"] == "application/json")
                #expect(decoded?["etag"] == "W/\"e\"")
                #expect(decoded?.all("content-md5").isEmpty == true)
                #expect(decoded?["vary"] == "Accept-Encoding")
                #expect(decoded?["content-length"] == "\(Self.plain.utf8.count)")
            }
        }
    }

    @Test(arguments: [
        ("deflate", ReplayedAnswerTests.zlib), ("deflate", ReplayedAnswerTests.deflate),
        ("x-gzip", ReplayedAnswerTests.gzip),
    ])
    func `the other names and forms of what zlib knows are decoded too`(_ coding: String, _ body: [UInt8]) async throws
    {
        try await Self.play(coding: coding, body: body) { edge, tenant, _ in
            let decoded = try edge.exchange(Self.request(tenant, accept: "Accept-Encoding: identity\r\n"))
            #expect(decoded?.text == Self.plain)
        }
    }

    @Test(arguments: ["br", "zstd", "gzip, br", "gzip"])
    func `what cannot be decoded is 409 to who cannot take it, never bytes that it did not ask for`(_ coding: String)
        async throws
    {
        // Under the name gzip these are broken.
        try await Self.play(coding: coding, body: Array("not really".utf8)) { edge, tenant, _ in
            let refused = try edge.exchange(Self.request(tenant, accept: "Accept-Encoding: deflate\r\n"))
            #expect(refused?.status == 409)
            #expect(refused?.code == "idempotency-result-unavailable")
            #expect(refused?.problem?["original_status"] as? Int == 200)
            let same = try edge.exchange(Self.request(tenant, accept: ""))
            #expect(same?.text == "not really")
        }
    }
}
