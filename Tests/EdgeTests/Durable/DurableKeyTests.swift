import Domain
import Glibc
import Journal
import PostgresClient
import RedisClient
import TestKit
import Testing
import Workers

@testable import Edge

/// Routes with `idempotency: {durable: true}`: PostgreSQL arbitrates what Redis has forgotten (IK-27).
@Suite(.serialized) struct DurableKeyTests {
    private static let gated: @Sendable (Int, ScriptedUpstream.Seen) -> ScriptedUpstream.Answer = { number, _ in
        let answer = "HTTP/1.1 201 Created\r\nLocation: /v1/jobs/\(number)\r\nContent-Length: 4\r\n\r\ndone"
        return number == 1 ? .init(.gate, .bytes(answer)) : .init(.bytes(answer))
    }

    @Test func `IK-27 Redis lost after completion: the result is replayed from PostgreSQL, and not counted`()
        async throws
    {
        try await DurableScene.with({ _, _ in
            .init(
                .bytes(
                    "HTTP/1.1 201 Created\r\nLocation: /v1/jobs/42\r\nSet-Cookie: a=b\r\nContent-Length: 4\r\n\r\ndone")
            )
        }) { durable in
            let first = try durable.scene.send(key: "k")
            #expect(first?.status == 201)
            try await durable.expectStates(["completed": 1])
            try await durable.loseRedis()
            // What Redis has forgotten comes from PostgreSQL, as often as it is asked for.
            for _ in 1...2 {
                let replay = try await durable.settledAnswer(key: "k")
                #expect(replay?.status == 201)
                #expect(replay?.text == "done")
                #expect(replay?["location"] == "/v1/jobs/42")
                #expect(replay?["set-cookie"] == nil)
                #expect(replay?.isReplay == true)
                #expect(replay?["idempotent-original-request"] == first?["x-request-id"])
            }
            #expect(durable.scene.executions == 1)
            // Redis is told again what was counted: one execution.
            try await durable.scene.edge.realm.expectMeters(durable.scene.tenant, ["jobs": 1])
            #expect(try durable.scene.send(key: "k", body: "[]")?.code == "idempotency-key-reused")
        }
    }

    @Test func `IK-27 Redis lost while in flight: the key is in progress, then replayed, never executed twice`()
        async throws
    {
        try await DurableScene.with(Self.gated) { durable in
            let client = try durable.scene.edge.client()
            client.send(durable.scene.request(key: "k"))
            try await durable.scene.expectExecutions(1)
            try await durable.loseRedis()
            for _ in 1...2 {
                let conflict = try await durable.settledAnswer(key: "k")
                #expect(conflict?.status == 409)
                #expect(conflict?.code == "idempotency-in-progress")
            }
            try await eventually("what Redis granted to be given back") { try await durable.scene.claims().isEmpty }
            #expect(try durable.scene.send(key: "k", body: "[]")?.code == "idempotency-key-reused")
            durable.scene.upstream.proceed()
            #expect(client.response()?.status == 201)
            try await durable.expectStates(["completed": 1])
            let replay = try await durable.settledAnswer(key: "k")
            #expect(replay?.text == "done")
            #expect(replay?.isReplay == true)
            #expect(durable.scene.executions == 1)
        }
    }

    @Test func `IK-27 Redis and the gateway lost while in flight: the outcome is unknown, and said to be`() async throws
    {
        try await DurableScene.with(Self.gated) { durable in
            let scene = durable.scene
            let other = try await TestEdge(
                upstreamPort: scene.upstream.port, realm: scene.edge.realm,
                dependencies: {
                    $0.durableKeys = DurableKeys(durable.store)
                },
                configuration: {
                    KeyedScene.configure(
                        &$0,
                        {
                            $0.durable = true
                            $0.durableDeadlineMs = 60_000
                        })
                })
            let client = try other.client()
            client.send(scene.request(key: "k"))
            try await scene.expectExecutions(1)
            try await durable.pool.query("UPDATE idempotency_keys SET owner = 'a process that is gone'")
            await other.stop()
            try await durable.loseRedis()
            #expect(try await durable.settledAnswer(key: "k")?.code == "idempotency-in-progress")
            try await durable.pool.query("UPDATE idempotency_keys SET lease_until = now() - interval '1 second'")
            for _ in 1...2 {
                let unknown = try await durable.settledAnswer(key: "k")
                #expect(unknown?.code == "idempotency-outcome-unknown")
                #expect(unknown?["x-should-retry"] == "false")
            }
            #expect(scene.executions == 1)
        }
    }

    @Test func `IK-23 (row m) on a durable route: what Redis alone remembers of a dead gateway was never forwarded`()
        async throws
    {
        try await DurableScene.with { durable in
            // A gateway died between its claim in Redis and the one in PostgreSQL.
            #expect(try durable.scene.send(key: "k")?.status == 200)
            try await durable.expectStates(["completed": 1])
            try await durable.pool.query("DELETE FROM idempotency_keys")
            let realm = durable.scene.edge.realm
            for name in try await durable.scene.claims() {
                _ = try await realm.connection.command("HSET", .text(name), "s", "i", "o", "gone", "l", "1")
            }
            let second = try durable.scene.send(key: "k")
            #expect(second?.status == 200)
            #expect(second?.isReplay == false)
            #expect(durable.scene.executions == 2)
        }
    }

    @Test func `what frees a key frees it in PostgreSQL too, and ambiguous ends are kept there too`() async throws {
        try await DurableScene.with(
            { number, _ in
                switch number {
                case 1: .init(.bytes("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"))
                case 3: .init(.close)
                default: .ok("answer \(number)")
                }
            }, policy: { $0.responseBytesMax = 100 }
        ) { durable in
            #expect(try durable.scene.send(key: "k")?.status == 503)
            try await durable.expectStates([:])
            #expect(try durable.scene.send(key: "k")?.text == "answer 2")
            try await durable.expectStates(["completed": 1])
            #expect(try durable.scene.send(key: "lost")?.code == "upstream-connection-lost")
            try await durable.expectStates(["completed": 1, "failed": 1])
            try await durable.loseRedis()
            let replay = try await durable.settledAnswer(key: "lost")
            #expect(replay?.code == "upstream-connection-lost")
            #expect(replay?.isReplay == true)
            #expect(durable.scene.executions == 3)
        }
    }

    @Test func `a result too large for replay is known as done after Redis was lost`() async throws {
        try await DurableScene.with(
            { _, _ in .ok(String(repeating: "x", count: 200)) }, policy: { $0.responseBytesMax = 100 }
        ) {
            durable async throws in
            #expect(try durable.scene.send(key: "k")?.status == 200)
            try await durable.expectStates(["unreplayable": 1])
            try await durable.loseRedis()
            let refused = try await durable.settledAnswer(key: "k")
            #expect(refused?.code == "idempotency-result-unavailable")
            #expect(refused?.problem?["original_length"] as? Int == 200)
            #expect(durable.scene.executions == 1)
        }
    }

    @Test func `PostgreSQL away: keyed requests are 503 and not forwarded, others go on; afterwards the key runs once`()
        async throws
    {
        let server = try TestPostgres.start()
        try await DurableScene.with(postgres: server) { durable in
            let scene = durable.scene
            #expect(try scene.send(key: "before")?.status == 200)
            try await durable.expectStates(["completed": 1])
            server.stop()
            let refused = try scene.send(key: "k")
            #expect(refused?.status == 503)
            #expect(refused?.code == "limiter-unavailable")
            #expect(refused?["retry-after"] != nil)
            #expect(try scene.send(key: nil)?.status == 200)
            #expect(try scene.send(key: "before")?.isReplay == true, "what Redis knows needs no PostgreSQL")
            #expect(scene.executions == 2)
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 2])
            try server.restart()
            #expect(try await durable.settledAnswer(key: "k")?.status == 200)
            #expect(scene.executions == 3)
            #expect(try scene.send(key: "k")?.isReplay == true)
            try await durable.expectStates(["completed": 2])
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 3])
        }
    }

    @Test func `PostgreSQL away at the end: the answer goes out, and the result is written when it is back`()
        async throws
    {
        let server = try TestPostgres.start()
        try await DurableScene.with(Self.gated, postgres: server) { durable in
            let client = try durable.scene.edge.client()
            client.send(durable.scene.request(key: "k"))
            try await durable.scene.expectExecutions(1)
            server.stop()
            durable.scene.upstream.proceed()
            #expect(client.response()?.status == 201)
            #expect(try durable.scene.send(key: "k")?.isReplay == true)
            try server.restart()
            try await durable.expectStates(["completed": 1])
            try await durable.loseRedis()
            #expect(try await durable.settledAnswer(key: "k")?.isReplay == true)
            #expect(durable.scene.executions == 1)
        }
    }

    @Test func `an answer that was seen is in the file before it is in PostgreSQL, and found by who comes after`()
        async throws
    {
        let server = try TestPostgres.start()
        try await DurableScene.with(Self.gated, postgres: server) { durable in
            let client = try durable.scene.edge.client()
            client.send(durable.scene.request(key: "k"))
            try await durable.scene.expectExecutions(1)
            server.kill()
            durable.scene.upstream.proceed()
            #expect(client.response()?.status == 201)
            // As if the gateway died now: what it has written down is all that there is.
            let path = try #require(JournalFolder(durable.folder.path).outcomes().first)
            let copy = try TestFolder(prefix: "tollgate-heir")
            defer { copy.remove() }
            try #require(link(path, "\(copy.path)/heir.outcomes") == 0)
            #expect(try OutcomeFile.takeOver("\(copy.path)/heir.outcomes") == nil, "its owner lives")
            let bytes = try #require(TestFolder.readFile(path))
            #expect(bytes.contains("done"))
            try server.restart()
            try await durable.expectStates(["completed": 1])
        }
    }

    @Test func `PostgreSQL is frozen over the deadline of the route: 503, and the key is free when it goes on`()
        async throws
    {
        let server = try TestPostgres.start()
        try await DurableScene.with(postgres: server, policy: { $0.durableDeadlineMs = 1_500 }) { durable in
            server.pause()
            let refused = try durable.scene.send(key: "k")
            server.resume()
            #expect(refused?.code == "limiter-unavailable")
            #expect(durable.scene.executions == 0)
            // What PostgreSQL grants too late is in progress until it has been given back.
            try await eventually("the key is free") { try durable.scene.send(key: "k")?.status == 200 }
            #expect(durable.scene.executions == 1)
            try await durable.expectStates(["completed": 1])
        }
    }

    @Test func `without an arbiter a durable route refuses keyed requests`() async throws {
        try await KeyedScene.with(policy: { $0.durable = true }) { scene async throws in
            #expect(try scene.send(key: "k")?.code == "limiter-unavailable")
            #expect(try scene.send(key: nil)?.status == 200)
            #expect(scene.executions == 1)
            #expect(try await scene.claims().isEmpty)
        }
    }

    @Test func `IK-5 many requests under a few keys execute once each, though Redis forgets in between`() async throws {
        try await DurableScene.with { durable in
            let keys = (1...5).map { "key\($0)" }
            for round in 1...2 {
                let clients = try (0..<40).map { _ in try durable.scene.edge.client() }
                for (index, client) in clients.enumerated() {
                    client.send(durable.scene.request(key: keys[index % keys.count]))
                }
                for client in clients { #expect([200, 409, 503].contains(client.response()?.status ?? 0)) }
                for key in keys {
                    try await eventually("the replay") { try durable.scene.send(key: key)?.isReplay == true }
                }
                try await durable.expectStates(["completed": keys.count])
                #expect(durable.scene.executions == keys.count)
                if round == 1 { try await durable.loseRedis() }
            }
        }
    }
}
