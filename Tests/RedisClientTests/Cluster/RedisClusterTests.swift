import NIOCore
import TestKit
import Testing

@testable import RedisClient

/// A connection to a real cluster: learnt from one node, and followed through every change.
@Suite(.serialized) struct RedisClusterTests {
    private static let double = RedisScript(
        name: "double", source: "return redis.call('INCRBY', KEYS[1], ARGV[1] * 2)")

    private static func with(
        primaries: Int = 3, replicasEach: Int = 0, commandDeadlineMs: Int = 20_000,
        _ body: (TestRedisCluster, RedisConnection) async throws -> Void
    ) async throws {
        let cluster = try await TestRedisCluster.start(primaries: primaries, replicasEach: replicasEach)
        var configuration = cluster.configuration(commandDeadlineMs: commandDeadlineMs, seeds: 1)
        configuration.connectTimeoutMs = 20_000
        let redis = try await RedisConnection.connect(configuration)
        do {
            try await body(cluster, redis)
        } catch {
            await redis.close()
            throw error
        }
        await redis.close()
        try await cluster.stop()
    }

    @Test func `every node is learnt from one, and each command goes where its key is`() async throws {
        try await Self.with { cluster, redis in
            let ports = await redis.servers.map { "\($0)" }
            #expect(ports == cluster.primaries.map { "127.0.0.1:\($0.port)" })
            let keys = (0..<300).map { "key-\($0)" }
            let replies = try await redis.pipeline(keys.map { ["SET", .text($0), .text($0)] })
            #expect(replies.allSatisfy { $0.text == "OK" })
            for key in keys.prefix(30) {
                #expect(try await redis.command("GET", .text(key)).text == key)
                #expect(try await redis.eval(Self.double, keys: [.text("n-\(key)")], arguments: [4]) == .integer(8))
            }
            #expect(await redis.counters.moved == 0, "nobody was asked in vain")
            var found: Set<String> = []
            for server in await redis.servers {
                let size = try await redis.command(["KEYS", "key-*"], at: server).elements ?? []
                #expect(size.count > 50)
                found.formUnion(size.compactMap(\.text))
            }
            #expect(found == Set(keys))
        }
    }

    @Test func `a slot that has moved is followed, and the map corrected`() async throws {
        try await Self.with { cluster, redis in
            let slot = RedisSlot.of("foo")
            let source = cluster.primary(ofSlot: slot)
            let target = try #require(cluster.primaries.first { $0.id != source.id })
            try await redis.command("SET", "foo", "before")
            try await cluster.move(slot: slot, from: source, to: target)
            #expect(try await redis.command("GET", "foo").text == "before")
            #expect(try await redis.eval(Self.double, keys: ["n{foo}"], arguments: [3]) == .integer(6))
            let moved = await redis.counters.moved
            #expect(moved <= 1)
            for _ in 0..<20 { try await redis.command("GET", "foo") }
            #expect(await redis.counters.moved == moved, "what was learnt is remembered")
            #expect(await redis.serverRunID == "cluster-0", "keys that moved are not lost")
        }
    }

    @Test func `a slot on its way is asked for where its keys are`() async throws {
        try await Self.with(commandDeadlineMs: 5_000) { cluster, redis in
            let slot = RedisSlot.of("foo")
            let source = cluster.primary(ofSlot: slot)
            let target = try #require(cluster.primaries.first { $0.id != source.id })
            try await redis.command("SET", "foo", "here")
            let number = RedisArgument(slot)
            try await target.server.command("CLUSTER", "SETSLOT", number, "IMPORTING", .text(source.id))
            try await source.server.command("CLUSTER", "SETSLOT", number, "MIGRATING", .text(target.id))
            #expect(try await redis.command("GET", "foo").text == "here", "it has not left yet")
            #expect(try await redis.command("SET", "{foo}new", "there").text == "OK")
            #expect(await redis.counters.asked == 1, "a new key is made where the slot goes")
            #expect(await redis.counters.moved == 0)
            // One of two keys is there, the other nowhere: nobody can answer until the slot has arrived.
            await #expect(throws: RedisFailure.self) { try await redis.command("MGET", "foo", "{foo}new") }
            #expect(await redis.counters.waited > 0)
            try await cluster.move(slot: slot, from: source, to: target)
            let both = try await redis.command("MGET", "foo", "{foo}new")
            #expect(both.elements?.compactMap(\.text) == ["here", "there"])
        }
    }

    @Test func `nothing is executed twice or lost while slots move under load`() async throws {
        try await Self.with { cluster, redis in
            let orgs = (0..<8).map { "{org-\($0)}" }
            _ = try await redis.eval(Self.double, keys: ["warm"], arguments: [1])
            let load = Task {
                var sent = [Int](repeating: 0, count: orgs.count)
                while !Task.isCancelled {
                    let replies = try await redis.pipeline(
                        orgs.map { ["EVALSHA", .text(Self.double.sha1), 1, .text($0), 1] })
                    for (index, reply) in replies.enumerated() {
                        guard case .integer = reply else { throw ConditionNotMet(description: "\(reply)") }
                        sent[index] += 1
                    }
                }
                return sent
            }
            for round in 0..<3 {
                for org in orgs {
                    let slot = RedisSlot.of(org)
                    let home = cluster.primary(ofSlot: slot)
                    let away = try #require(cluster.primaries.first { $0.id != home.id })
                    try await cluster.move(
                        slot: slot, from: round % 2 == 0 ? home : away, to: round % 2 == 0 ? away : home)
                }
            }
            load.cancel()
            let sent = try await load.value
            for (org, count) in zip(orgs, sent) {
                #expect(try await redis.command("GET", .text(org)).integer == Int64(count * 2), "\(org)")
            }
            let counters = await redis.counters
            #expect(counters.moved > 0)
            #expect(counters.serverErrors == 0)
        }
    }

    @Test func `a primary that dies is replaced, and its slots are reached again`() async throws {
        try await Self.with(replicasEach: 1, commandDeadlineMs: 5_000) { cluster, redis in
            let victim = cluster.primary(ofSlot: RedisSlot.of("foo"))
            try await redis.command("SET", "foo", "kept")
            try await cluster.waitUntilReplicated()
            let before = await redis.serverRunID
            try await victim.server.kill()
            try await eventually("the replica's answer", deadline: .seconds(30)) {
                (try? await redis.command("GET", "foo"))?.text == "kept"
            }
            try await eventually("the whole cluster") { await redis.state == .ready }
            #expect(await redis.serverRunID != before, "what was written last may be lost")
            #expect(!(await redis.servers).contains(.tcp(host: "127.0.0.1", port: victim.port)))
            for key in (0..<50).map({ "other-\($0)" }) {
                #expect(try await redis.command("SET", .text(key), 1).text == "OK")
            }
        }
    }

    @Test func `what is no cluster is told in words`() async throws {
        let server = try await TestRedis.start(
            {
                var options = TestRedis.Options()
                options.isOnTCP = true
                return options
            }())
        var configuration = try #require(server.configurationOnTCP())
        configuration.clusterSeeds = [configuration.endpoint]
        configuration.connectTimeoutMs = 500
        await #expect(throws: RedisConnectError.self) { try await RedisConnection.connect(configuration) }
        try await server.stop()
    }
}
