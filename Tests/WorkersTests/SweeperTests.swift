import Domain
import HotStore
import PostgresClient
import Records
import RedisClient
import TestKit
import Testing

@testable import Workers

/// Nothing stays open: what a dead gateway held ends, and the count of what nobody ended is 0.
struct SweeperTests {
    private static func claim(_ key: String, claimMs: Int) -> DurableClaim {
        DurableClaim(
            orgID: "org_1", environment: .live, apiKeyID: "",
            request: ClaimRequest(
                keyDigest: Array(key.utf8), fingerprint: Array(String(repeating: "a", count: 64).utf8),
                owner: Array("1".utf8), requestID: Array("req_1".utf8)),
            claimMs: claimMs, keepMs: 86_400_000, mayRepeat: false)
    }

    private static func sweeper(
        _ world: WorkerWorld, graceMs: Int64 = OpenWork.graceMs, overdueMs: Int64 = OpenWork.overdueMs
    ) -> Sweeper {
        Sweeper(
            pool: world.pool, redis: world.redis, keyspace: world.keyspace, counters: world.counters,
            logger: world.logger, graceMs: graceMs, overdueMs: overdueMs)
    }

    private static func overdue(_ sweeper: Sweeper) -> [String: Double] {
        var found: [String: Double] = [:]
        for sample in sweeper.families().flatMap(\.samples) {
            if case .number(let value) = sample.value { found[sample.labels[0].value] = value }
        }
        return found
    }

    @Test func `what is over is ended in both stores, what runs stays, and what was late is told`() async throws {
        let world = try await WorkerWorld.make()
        let time = try await world.redis.command("TIME").elements ?? []
        let nowMs = (time.first?.integer ?? 0) * 1_000
        // What a request holds is over by the servers' own clocks: hours lie between what is ended and what is not.
        let hourMs: Int64 = 3_600_000
        let prefix = world.keyspace.claimPrefix(org: "org_1", .live, keyID: "")
        for (key, state, lease) in [
            ("runs", "i", nowMs + hourMs), ("slow", "i", nowMs - 100), ("dead", "i", nowMs - 2 * hourMs),
            ("late", "i", nowMs - 10 * hourMs), ("done", "d", nowMs - 10 * hourMs),
        ] {
            _ = try await world.redis.command(
                "HSET", .text(prefix + key), "s", .text(state), "o", "owner", "l", .integer(lease), "e",
                .integer(nowMs + 86_400_000), "f", "print", "r", "req")
        }
        let leases = "\(world.keyspace.prefix)c:{org_1}:l:k:key_1:b:cap"
        for (id, end) in [("runs", nowMs + hourMs), ("dead", nowMs - 2 * hourMs), ("late", nowMs - 10 * hourMs)] {
            _ = try await world.redis.command("ZADD", .text(leases), .integer(end), .text(id))
        }
        let claims = DurableClaims(world.pool)
        #expect(
            try await claims.claim(["runs", "dead", "late", "done"].map { Self.claim($0, claimMs: Int(hourMs)) })
                == [DurableVerdict](repeating: .claimed, count: 4))
        _ = try await claims.settle([
            .init(claim: Self.claim("done", claimMs: 0), ending: .store(.failure(status: 502, slug: "s")))
        ])
        try await world.pool.query(
            """
            UPDATE idempotency_keys SET lease_until = now() - CASE key WHEN 'late' THEN interval '10 hours'
                ELSE interval '2 hours' END WHERE key <> 'runs'
            """)
        let sweeper = Self.sweeper(world, graceMs: hourMs, overdueMs: 5 * hourMs)
        #expect(sweeper.families().isEmpty, "nothing is claimed before the first look")
        let found = try await sweeper.sweep()
        #expect((found.redis.claims, found.redis.overdueClaims, found.redis.endedClaims) == (1, 1, 2))
        #expect((found.redis.leases, found.redis.overdueLeases, found.redis.endedLeases) == (1, 1, 2))
        #expect((found.durable.open, found.durable.overdue, found.endedDurable) == (1, 1, 2))
        #expect(Self.overdue(sweeper) == ["claim": 1, "lease": 1, "durable_claim": 1])
        let again = try await sweeper.sweep()
        #expect((again.redis.overdueClaims, again.redis.overdueLeases, again.durable.overdue) == (0, 0, 0))
        #expect((again.redis.endedClaims, again.redis.endedLeases, again.endedDurable) == (0, 0, 0))
        #expect(Self.overdue(sweeper) == ["claim": 0, "lease": 0, "durable_claim": 0])
        #expect(world.counters.value(.claimsExpired) == 2)
        #expect(world.counters.value(.durableExpired) == 2)
        await world.close()
    }

    @Test func `a claim that has ended is unknown, and its slow gateway may still settle it, in PostgreSQL too`()
        async throws
    {
        let world = try await WorkerWorld.make()
        let claims = DurableClaims(world.pool)
        let first = Self.claim("k", claimMs: 60_000)
        #expect(try await claims.claim([first]) == [.claimed])
        try await world.pool.query("UPDATE idempotency_keys SET lease_until = now() - interval '20 seconds'")
        #expect(try await Self.sweeper(world).sweep().endedDurable == 1)
        var second = first
        second.request.owner = Array("2".utf8)
        #expect(try await claims.claim([second]) == [.outcomeUnknown(first: first.request.requestID)])
        // It was only slow: it runs again, and is swept again.
        #expect(try await claims.settle([.init(claim: first, ending: .prolong)]) == 1)
        #expect(try await claims.claim([second]) == [.inProgress(first: first.request.requestID)])
        try await world.pool.query("UPDATE idempotency_keys SET lease_until = now() - interval '20 seconds'")
        #expect(try await Self.sweeper(world).sweep().endedDurable == 1)
        let result = StoredResult.response(status: 200, headers: [], body: [1])
        #expect(try await claims.settle([.init(claim: first, ending: .store(result))]) == 1)
        #expect(try await claims.claim([second]) == [.finished(result, first: first.request.requestID)])
        // One whose upstream honours the key is taken over.
        var repeatable = Self.claim("r", claimMs: 60_000)
        #expect(try await claims.claim([repeatable]) == [.claimed])
        try await world.pool.query(
            "UPDATE idempotency_keys SET lease_until = now() - interval '20 seconds' WHERE key = 'r'")
        try await Self.sweeper(world).sweep()
        repeatable.mayRepeat = true
        repeatable.request.owner = Array("2".utf8)
        #expect(try await claims.claim([repeatable]) == [.claimed])
        #expect(try await claims.settle([.init(claim: repeatable, ending: .store(result))]) == 1)
        await world.close()
    }

    @Test func `sweepers and claims at once neither wait for one another nor end what runs`() async throws {
        let world = try await WorkerWorld.make()
        let claims = DurableClaims(world.pool)
        let sweeper = Self.sweeper(world)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<3 {
                group.addTask {
                    for round in 0..<20 {
                        let batch = (0..<20).map { Self.claim("\(task)-\(round)-\($0)", claimMs: 60_000) }
                        let verdicts = try await claims.claim(batch)
                        #expect(verdicts.allSatisfy { $0 == .claimed })
                        let endings = batch.map { DurableSettlement(claim: $0, ending: .release) }
                        let settled = try await claims.settle(endings)
                        #expect(settled == 20)
                    }
                }
            }
            group.addTask {
                for _ in 0..<20 {
                    let found = try await sweeper.sweep()
                    #expect(found.endedDurable == 0)
                }
            }
            try await group.waitForAll()
        }
        await world.close()
    }
}
