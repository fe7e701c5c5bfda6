import Domain
import TestKit
import Testing

@testable import Edge

/// IK-1 to IK-4, IK-6, IK-7, IK-8, IK-29: which requests are the same one.
@Suite(.serialized) struct KeyFieldTests {
    @Test func `IK-1 quoted and bare forms of one value are one key`() async throws {
        try await KeyedEdge.with { gate in
            #expect(try gate.post("k-1")?.status == 200)
            for form in ["\"k-1\"", "\"k-1\";a=1", "k-1"] {
                let response = try gate.post(form)
                #expect(response?["idempotent-replayed"] == "true", "\(form)")
            }
            #expect(gate.upstream.requests.count == 1)
            // The upstream gets the field as it was sent.
            #expect(gate.upstream.requests.first?["idempotency-key"] == "k-1")
        }
    }

    @Test func `IK-2 255 bytes are a key, 256 are not`() async throws {
        try await KeyedEdge.with { gate in
            for key in [String(repeating: "k", count: 255), "\"" + String(repeating: "q", count: 255) + "\""] {
                #expect(try gate.post(key)?.status == 200)
            }
            for key in [String(repeating: "k", count: 256), "\"" + String(repeating: "q", count: 256) + "\""] {
                let response = try gate.post(key)
                #expect(response?.status == 400)
                #expect(response?.code == "idempotency-key-invalid")
            }
            #expect(gate.upstream.requests.count == 2)
        }
    }

    @Test(arguments: ["", "a b", "a,b", "\"open", "\"a\"b", "a\\b", "\u{e9}", "\"\""])
    func `IK-2 a value that is no key is 400`(_ key: String) async throws {
        try await KeyedEdge.with(configuration: { $0.errors.documentationURL = "https://docs.example/keys" }) { gate in
            let response = try gate.post(key)
            #expect(response?.status == 400)
            #expect(response?.code == "idempotency-key-invalid")
            #expect(response?["link"] == "<https://docs.example/keys>; rel=\"describedby\"; type=\"text/html\"")
            #expect(gate.upstream.connections == 0)
        }
    }

    @Test func `IK-3 two keys are 400`() async throws {
        try await KeyedEdge.with { gate in
            let response = try gate.post("k", fields: "Idempotency-Key: k\r\n")
            #expect(response?.status == 400)
            #expect(response?.code == "idempotency-key-invalid")
            #expect(gate.upstream.connections == 0)
        }
    }

    @Test func `IK-4 a key that is required and missing is 400, with a link to the documentation`() async throws {
        try await KeyedEdge.with(
            policy: { $0.required = true }, configuration: { $0.errors.documentationURL = "https://docs.example/keys" }
        ) { gate in
            let response = try gate.edge.post("/v1/jobs", as: gate.tenant)
            #expect(response?.status == 400)
            #expect(response?.code == "idempotency-key-missing")
            #expect(response?["link"] == "<https://docs.example/keys>; rel=\"describedby\"; type=\"text/html\"")
            #expect(gate.upstream.connections == 0)
            #expect(try gate.edge.get("/v1/jobs", as: gate.tenant)?.status == 200)
        }
    }

    @Test func `IK-6 another body, query, method or content type is another request`() async throws {
        try await KeyedEdge.with(policy: { $0.fingerprintHeaders = ["x-version"] }) { gate in
            #expect(try gate.post("k", fields: "Content-Type: application/json; charset=utf-8\r\n")?.status == 200)
            let same = "Content-Type: application/json\r\n"
            let others = try [
                gate.post("k", fields: same, body: "{ }"), gate.post("k", target: "/v1/jobs?a=1", fields: same),
                gate.post("k", target: "/v1/other", fields: same),
                gate.post("k", fields: "Content-Type: text/plain\r\n"),
                gate.post("k"), gate.post("k", fields: same + "X-Version: 2\r\n"),
                gate.edge.exchange(
                    RawRequest.post("/v1/jobs", as: gate.tenant, fields: "Idempotency-Key: k\r\n\(same)")
                        .replacing("POST", with: "PATCH", maxReplacements: 1)),
            ]
            for (index, other) in others.enumerated() {
                #expect(other?.status == 422, "\(index)")
                #expect(other?.code == "idempotency-key-reused", "\(index)")
            }
            #expect(try gate.post("k", fields: same + "User-Agent: another\r\n")?["idempotent-replayed"] == "true")
            #expect(gate.upstream.requests.count == 1)
        }
    }

    @Test func `IK-6 how a body is framed makes no difference`() async throws {
        try await KeyedEdge.with { gate in
            #expect(try gate.post("k", body: "hello")?.status == 200)
            let chunked = try gate.edge.exchange(
                """
                POST /v1/jobs HTTP/1.1\r\nHost: a\r\n\(gate.tenant.authorization)Idempotency-Key: k\r\n\
                Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n
                """)
            #expect(chunked?["idempotent-replayed"] == "true")
            #expect(gate.upstream.requests.count == 1)
            #expect(gate.upstream.requests.first?["content-length"] == "5")
        }
    }

    @Test func `IK-7 a key of another org or environment is another key`() async throws {
        try await KeyedEdge.with { gate in
            let other = try await gate.edge.realm.issue()
            let test = try await gate.edge.realm.issue(sharing: gate.tenant, key: { $0.environment = .test })
            for tenant in [gate.tenant, other, test] {
                let response = try gate.edge.post("/v1/jobs", as: tenant, fields: "Idempotency-Key: k\r\n")
                #expect(response?.status == 200)
                #expect(response?["idempotent-replayed"] == nil)
            }
            #expect(gate.upstream.requests.count == 3)
        }
    }

    @Test func `IK-8 another key of the org gets the replay, without the scope it gets nothing`() async throws {
        try await KeyedEdge.with(
            configuration: { $0.route("v1") { $0.scopes = ["jobs:write"] } }, answer: { _ in .ok("secret result") }
        ) { gate in
            let realm = gate.edge.realm
            let first = try await realm.issue(key: { $0.scopes = ["jobs:write"] })
            let colleague = try await realm.issue(sharing: first, key: { $0.scopes = ["jobs:write"] })
            let outsider = try await realm.issue(sharing: colleague, key: { $0.scopes = ["jobs:read"] })
            let field = "Idempotency-Key: k\r\n"
            #expect(try gate.edge.post("/v1/jobs", as: first, fields: field)?.text == "secret result")
            let replay = try gate.edge.post("/v1/jobs", as: colleague, fields: field)
            #expect(replay?["idempotent-replayed"] == "true")
            #expect(replay?.text == "secret result")
            let refused = try gate.edge.post("/v1/jobs", as: outsider, fields: field)
            #expect(refused?.status == 403)
            #expect(refused?.text.contains("secret") == false)
            #expect(gate.upstream.requests.count == 1)
        }
    }

    @Test func `IK-8 keys can be kept apart`() async throws {
        try await KeyedEdge.with(policy: { $0.scope = .apiKey }) { gate in
            let other = try await gate.edge.realm.issue(sharing: gate.tenant)
            for tenant in [gate.tenant, other] {
                let response = try gate.edge.post("/v1/jobs", as: tenant, fields: "Idempotency-Key: k\r\n")
                #expect(response?["idempotent-replayed"] == nil)
            }
            #expect(gate.upstream.requests.count == 2)
        }
    }

    @Test(arguments: ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
    func `IK-29 on a method that is not listed the field is only forwarded`(_ method: String) async throws {
        try await KeyedEdge.with(policy: { $0.methods += ["GET", "HEAD", "OPTIONS"] }) { gate in
            let client = try gate.edge.client()
            for _ in 0..<2 {
                client.send(
                    "\(method) /v1/a HTTP/1.1\r\nHost: a\r\n\(gate.tenant.authorization)Idempotency-Key: a b c\r\n\r\n")
                let response = client.response(head: method == "HEAD")
                #expect(response?.status == 200)
                #expect(response?["idempotent-replayed"] == nil)
            }
            #expect(gate.upstream.requests.map { $0["idempotency-key"] } == ["a b c", "a b c"])
        }
    }

    @Test func `PUT and DELETE can be asked for`() async throws {
        try await KeyedEdge.with(policy: { $0.methods = ["PUT", "DELETE"] }) { gate in
            let delete = "DELETE /v1/a HTTP/1.1\r\nHost: a\r\n\(gate.tenant.authorization)Idempotency-Key: k\r\n\r\n"
            let client = try gate.edge.client()
            #expect(client.exchange(delete)?.status == 200)
            #expect(client.exchange(delete)?["idempotent-replayed"] == "true")
            #expect(try gate.post("k")?["idempotent-replayed"] == nil)
            #expect(gate.upstream.requests.count == 2)
        }
    }
}
