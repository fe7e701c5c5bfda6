import Domain
import HotStore
import RedisClient
import Synchronization
import TestKit
import Testing

@testable import Edge

/// An edge whose Redis is a cluster: the same decisions as with one server, whatever the cluster is doing.
@Suite(.serialized) struct ClusterTests {
    private static func limit(_ capacity: Int) -> Limit {
        Limit(name: "burst", scope: .key, capacity: capacity, refill: 1, periodMs: 3_600_000)
    }

    private static func play(
        replicasEach: Int = 0, capacity: Int, deadlineMs: Int = 20_000,
        configuration adjust: @escaping (inout Configuration) -> Void = { _ in },
        _ body: (TestRedisCluster, TestEdge, ScriptedUpstream) async throws -> Void
    ) async throws {
        let cluster = try await TestRedisCluster.start(replicasEach: replicasEach)
        let realm = try await Realm(cluster: cluster)
        try await ScriptedUpstream.with { upstream in
            let edge = try await TestEdge(
                upstreamPort: upstream.port, realm: realm,
                dependencies: { $0.redis.commandDeadlineMs = deadlineMs },
                configuration: { configuration in
                    configuration.plans[0].limits = [Self.limit(capacity)]
                    configuration.route("v1") { $0.meters = [MeterRule(meter: "requests", quantity: .fixed(1))] }
                    adjust(&configuration)
                })
            do {
                try await body(cluster, edge, upstream)
            } catch {
                await edge.stop()
                throw error
            }
            await edge.stop()
        }
        await realm.connection.close()
        try await cluster.stop()
    }

    /// One tenant on each of the primaries, or more.
    private static func tenants(_ count: Int, _ edge: TestEdge, _ cluster: TestRedisCluster) async throws -> [Tenant] {
        var tenants: [Tenant] = []
        var seen: Set<String> = []
        while tenants.count < count || seen.count < cluster.primaries.count {
            let tenant = try await edge.realm.issue()
            tenants.append(tenant)
            seen.insert(cluster.primary(ofSlot: edge.realm.keyspace.slot(ofOrg: tenant.org.orgID)).id)
        }
        return tenants
    }

    @Test func `orgs on every node get exactly what their limits say, and their usage is counted`() async throws {
        try await Self.play(capacity: 5) { cluster, edge, upstream in
            let tenants = try await Self.tenants(12, edge, cluster)
            for tenant in tenants {
                let clients = try (0..<8).map { _ in try edge.client() }
                for client in clients { client.send(RawRequest.get("/v1/a", as: tenant)) }
                let statuses = clients.map { $0.response()?.status ?? 0 }
                #expect(statuses.count { $0 == 200 } == 5)
                #expect(statuses.count { $0 == 429 } == 3)
            }
            #expect(upstream.requests.count == tenants.count * 5)
            for tenant in tenants { try await edge.realm.expectMeters(tenant, ["requests": 5]) }
            #expect(await edge.count("redis_moved_total") == 0)
        }
    }

    @Test func `orgs that ask at once are split by slot, each decided by itself`() async throws {
        try await Self.play(capacity: 3) { cluster, edge, upstream in
            let tenants = try await Self.tenants(9, edge, cluster)
            for tenant in tenants { #expect(try edge.get("/v1/a", as: tenant)?.status == 200) }
            for node in cluster.primaries { try await node.server.pause() }
            let clients = try tenants.flatMap { tenant in try (0..<4).map { _ in (try edge.client(), tenant) } }
            let calls = await edge.count("script_calls_total")
            for (client, tenant) in clients { client.send(RawRequest.get("/v1/a", as: tenant)) }
            try await eventually("all to wait for Redis") {
                await edge.count("key_cache_hits_total") >= clients.count
            }
            for node in cluster.primaries { node.server.resume() }
            let statuses = clients.map { $0.0.response()?.status ?? 0 }
            #expect(statuses.count { $0 == 200 } == tenants.count * 2)
            #expect(statuses.count { $0 == 429 } == tenants.count * 2)
            #expect(upstream.requests.count == tenants.count * 3)
            // Requests of one org still share: at most the first alone and the rest behind it.
            #expect(await edge.count("script_calls_total") - calls <= tenants.count * 2)
        }
    }

    @Test func `while slots move under load no request fails and no decision is lost or doubled`() async throws {
        try await Self.play(capacity: 400) { cluster, edge, upstream in
            let tenants = try await Self.tenants(6, edge, cluster)
            let statuses = Mutex<[Int: Int]>([:])
            let load = BlockingWork {
                let clients = tenants.flatMap { tenant in (0..<4).map { _ in (try? edge.client(), tenant) } }
                // 100 rounds of 4 are what a bucket holds: 20 more are refused.
                for _ in 0..<120 {
                    for (client, tenant) in clients { client?.send(RawRequest.get("/v1/a", as: tenant)) }
                    for (client, _) in clients {
                        let status = client?.response()?.status ?? 0
                        statuses.withLock { $0[status, default: 0] += 1 }
                    }
                }
            }
            var moves = 0
            while !load.isFinished {
                for tenant in tenants {
                    let slot = edge.realm.keyspace.slot(ofOrg: tenant.org.orgID)
                    let home = cluster.primary(ofSlot: slot)
                    let away = try #require(cluster.primaries.first { $0.id != home.id })
                    let isHome = moves / tenants.count % 2 == 0
                    try await cluster.move(slot: slot, from: isHome ? home : away, to: isHome ? away : home)
                    moves += 1
                }
            }
            let seen = statuses.withLock { $0 }
            #expect(seen == [200: tenants.count * 400, 429: tenants.count * 80])
            #expect(upstream.requests.count == tenants.count * 400)
            #expect(moves >= tenants.count)
            #expect(await edge.count("redis_moved_total") > 0)
            for tenant in tenants { try await edge.realm.expectMeters(tenant, ["requests": 400]) }
        }
    }

    @Test func `a key executes once while its slot moves`() async throws {
        try await Self.play(
            capacity: 100_000, configuration: { $0.route("v1") { $0.idempotency = IdempotencyPolicy() } }
        ) {
            cluster, edge, upstream in
            let tenant = try await edge.realm.issue()
            let slot = edge.realm.keyspace.slot(ofOrg: tenant.org.orgID)
            let statuses = Mutex<Set<Int>>([])
            let load = BlockingWork {
                let clients = (0..<8).compactMap { _ in try? edge.client() }
                for key in 0..<60 {
                    let request = RawRequest.post("/v1/a", as: tenant, fields: "Idempotency-Key: key-\(key)\r\n")
                    for client in clients { client.send(request) }
                    for client in clients {
                        let status = client.response()?.status ?? 0
                        statuses.withLock { _ = $0.insert(status) }
                    }
                }
            }
            var isHome = true
            while !load.isFinished {
                let home = cluster.primary(ofSlot: slot)
                let away = try #require(cluster.primaries.first { $0.id != home.id })
                try await cluster.move(slot: slot, from: isHome ? home : away, to: isHome ? away : home)
                isHome.toggle()
            }
            #expect(upstream.requests.count == 60)
            let seen = statuses.withLock { $0 }
            #expect(seen.subtracting([200, 409]).isEmpty)
        }
    }

    /// The bound: what the cluster itself needs to replace a primary (its timeout of 1 s, an election of less than 2 s)
    /// and what the edge adds, with room for a slow machine.
    @Test func `a primary dies: its orgs are decided by the route's policy, and by Redis again within seconds`()
        async throws
    {
        try await Self.play(replicasEach: 1, capacity: 100_000, deadlineMs: 2_000) { cluster, edge, _ in
            let tenants = try await Self.tenants(6, edge, cluster)
            let victim = cluster.primaries[1]
            func isOnVictim(_ tenant: Tenant) -> Bool {
                cluster.primary(ofSlot: edge.realm.keyspace.slot(ofOrg: tenant.org.orgID)).id == victim.id
            }
            for tenant in tenants { #expect(try edge.get("/v1/a", as: tenant)?.status == 200) }
            try await cluster.waitUntilReplicated()
            try await victim.server.kill()
            var others: [Int: Int] = [:]
            try await eventually("decisions by the replica", deadline: .seconds(30)) {
                for tenant in tenants where !isOnVictim(tenant) {
                    others[try edge.get("/v1/a", as: tenant)?.status ?? 0, default: 0] += 1
                }
                return await edge.server.readiness().loopsWithRedis == 1
            }
            for tenant in tenants { #expect(try edge.get("/v1/a", as: tenant)?.status == 200) }
            #expect(await edge.count("loops_without_store") == 0)
            #expect(others.keys.sorted() == [200], "orgs of the other primaries noticed nothing: \(others)")
        }
    }
}
