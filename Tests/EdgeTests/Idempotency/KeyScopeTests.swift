import Domain
import HotStore
import RedisClient
import TestKit
import Testing

@testable import Edge

/// Whose key it is, and what makes two requests the same one: IK-5 to IK-9, rows n and o.
@Suite struct KeyScopeTests {
    @Test func `IK-5 (row n) of many requests at once one is executed, the others are 409`() async throws {
        let others = 15
        try await KeyedScene.with({ _, _ in
            .init(.gate, .bytes("HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\ndone"))
        }) {
            scene in
            let clients = try (0...others).map { _ in try scene.edge.client() }
            for client in clients { client.send(scene.request(key: "k")) }
            // Exactly one of them waits for the upstream; who that is is seen by who has no answer.
            try await eventually("the conflicts") { clients.count { $0.isReadable(withinMs: 0) } == others }
            let waiting = clients.filter { !$0.isReadable(withinMs: 0) }
            for client in clients where client.isReadable(withinMs: 0) {
                let conflict = client.response()
                #expect(conflict?.status == 409)
                #expect(conflict?.code == "idempotency-in-progress")
                #expect(conflict?["retry-after"] == "1")
                #expect(conflict?["x-should-retry"] == nil)
            }
            scene.upstream.proceed()
            #expect(waiting.map { $0.response()?.text } == ["done"])
            #expect(scene.executions == 1)
            #expect(try scene.send(key: "k")?.isReplay == true)
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 1])
        }
    }

    @Test func `IK-6 IK-24 (row o) another body, query, path, method or type under the key is 422 and not forwarded`()
        async throws
    {
        try await KeyedScene.with(policy: { $0.fingerprintHeaders = ["x-mode"] }) { scene in
            #expect(try scene.send(key: "k", fields: "Content-Type: text/plain; charset=utf-8\r\n")?.status == 200)
            // A parameter of the type and a field that is not listed make no difference.
            #expect(try scene.send(key: "k", fields: "Content-Type: text/plain\r\nX-Other: 1\r\n")?.isReplay == true)
            let type = "Content-Type: text/plain\r\n"
            for changed in [
                scene.request(key: "k", body: "{ }", fields: type),
                scene.request(key: "k", body: "", fields: "Content-Length: 0\r\n" + type),
                scene.request("POST", "/v1/jobs?a=1", key: "k", fields: type),
                scene.request("POST", "/v1/job", key: "k", fields: type),
                scene.request("PATCH", key: "k", fields: type),
                scene.request(key: "k", fields: "Content-Type: text/html\r\n"),
                scene.request(key: "k", fields: type + "X-Mode: fast\r\n"),
            ] {
                let refused = try scene.edge.exchange(changed)
                #expect(refused?.status == 422, "\(changed)")
                #expect(refused?.code == "idempotency-key-reused")
                #expect(refused?.problem?["original_request_id"] as? String != nil)
            }
            #expect(scene.executions == 1)
            #expect(try scene.send(key: "k", fields: type)?.isReplay == true, "the stored result is untouched")
        }
    }

    @Test func `IK-24 (row o) holds while the first is in flight, too`() async throws {
        try await KeyedScene.with({ _, _ in .init(.gate, .bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) }) {
            scene async throws in
            let first = try scene.edge.client()
            first.send(scene.request(key: "k"))
            try await scene.expectExecutions(1)
            #expect(try scene.send(key: "k", body: "[]")?.code == "idempotency-key-reused")
            #expect(try scene.send(key: "k")?.code == "idempotency-in-progress")
            scene.upstream.proceed()
            #expect(first.response()?.status == 200)
            #expect(scene.executions == 1)
        }
    }

    @Test func `a body's framing makes no difference to what it is`() async throws {
        try await KeyedScene.with { scene async throws in
            #expect(try scene.send(key: "k", body: "abc")?.status == 200)
            let chunked = """
                POST /v1/jobs HTTP/1.1\r\nHost: a\r\n\(scene.tenant.authorization)Idempotency-Key: k\r\n\
                Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n
                """
            #expect(try scene.edge.exchange(chunked)?.isReplay == true)
            #expect(scene.executions == 1)
        }
    }

    @Test func `IK-7 the same key of another org, or of the other environment, is another key`() async throws {
        try await KeyedScene.with { scene in
            let stranger = try await scene.edge.realm.issue()
            let test = try await scene.edge.realm.issue(sharing: scene.tenant) { $0.environment = .test }
            for tenant in [scene.tenant, stranger, test] {
                #expect(try scene.send(key: "k", as: tenant)?.isReplay == false)
            }
            #expect(scene.executions == 3)
            for tenant in [scene.tenant, stranger, test] {
                #expect(try scene.send(key: "k", as: tenant)?.isReplay == true)
            }
            #expect(scene.executions == 3)
        }
    }

    @Test func `IK-8 another API key of the org gets the replay; one without the route's scope gets 403 and no leak`()
        async throws
    {
        try await KeyedScene.with({ _, _ in .ok("secret") }, configuration: { $0.route("v1") { $0.scopes = ["jobs"] } })
        {
            scene in
            let tenant = try await scene.edge.realm.issue { $0.scopes = ["jobs"] }
            let colleague = try await scene.edge.realm.issue(sharing: tenant) { $0.scopes = ["jobs", "more"] }
            let restricted = try await scene.edge.realm.issue(sharing: colleague)
            #expect(try scene.send(key: "k", as: tenant)?.text == "secret")
            let replay = try scene.send(key: "k", as: colleague)
            #expect(replay?.isReplay == true)
            #expect(replay?.text == "secret")
            let refused = try scene.send(key: "k", as: restricted)
            #expect(refused?.status == 403)
            #expect(refused?.text.contains("secret") == false)
            #expect(refused?["idempotent-original-request"] == nil)
            #expect(scene.executions == 1)
        }
    }

    @Test func `IK-8 with scope api_key every API key has keys of its own`() async throws {
        try await KeyedScene.with(policy: { $0.scope = .apiKey }) { scene in
            let colleague = try await scene.edge.realm.issue(sharing: scene.tenant)
            #expect(try scene.send(key: "k")?.isReplay == false)
            #expect(try scene.send(key: "k", as: colleague)?.isReplay == false)
            #expect(try scene.send(key: "k", as: colleague)?.isReplay == true)
            #expect(scene.executions == 2)
        }
    }

    @Test func `IK-9 IK-10 (row a) a 429 claims nothing: the same key runs once there are tokens again`() async throws {
        try await KeyedScene.with(configuration: {
            $0.route("v1") {
                $0.limits = [Limit(name: "hour", scope: .org, capacity: 1, refill: 1, periodMs: 3_600_000)]
            }
        }) { scene in
            #expect(try scene.send(key: nil)?.status == 200)
            #expect(try scene.send(key: "k")?.status == 429)
            #expect(try await scene.claims().isEmpty)
            let realm = scene.edge.realm
            let levels = try await realm.connection.command(
                "KEYS", .text("\(realm.keyspace.prefix)b:{\(scene.tenant.org.orgID)}:*"))
            for name in (levels.elements ?? []).compactMap(\.text) {
                _ = try await realm.connection.command("DEL", .text(name))
            }
            #expect(try scene.send(key: "k")?.status == 200)
            #expect(scene.executions == 2)
            // A replay needs no token: it takes one of a bucket that counts requests only if there is one.
            let replay = try scene.send(key: "k")
            #expect(replay?.status == 200)
            #expect(replay?.isReplay == true)
        }
    }
}
