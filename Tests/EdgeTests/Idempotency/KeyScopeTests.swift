import Domain
import HotStore
import RedisClient
import TestKit
import Testing

@testable import Edge

/// Whose key it is, and what makes two requests the same one: IK-5, IK-6, IK-9, rows n and o.
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

    @Test func `IK-9 IK-10 (row a) a 429 claims nothing: the same key runs once there are tokens again`() async throws {
        try await KeyedScene.with(configuration: {
            $0.route("v1") {
                $0.limits = [Limit(name: "hour", scope: .org, capacity: 1, refill: 1, periodMs: 3_600_000)]
            }
        }) { scene in
            #expect(try scene.send(key: nil)?.status == 200)
            #expect(try scene.send(key: "k")?.status == 429)
            #expect(try await scene.claims().isEmpty)
            try await scene.edge.realm.refill(scene.tenant)
            #expect(try scene.send(key: "k")?.status == 200)
            #expect(scene.executions == 2)
            // A replay needs no token: it takes one of a bucket that counts requests only if there is one.
            let replay = try scene.send(key: "k")
            #expect(replay?.status == 200)
            #expect(replay?.isReplay == true)
        }
    }
}
