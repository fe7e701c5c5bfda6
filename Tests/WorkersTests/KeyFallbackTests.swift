import Digests
import Domain
import HotStore
import Records
import RedisClient
import Synchronization
import TestKit
import Testing

@testable import Workers

struct KeyFallbackTests {
    private static func resolver(_ world: WorkerWorld, perSecondMax: Int = 10_000) -> KeyFallbackResolver {
        KeyFallbackResolver(
            pool: world.pool, publisher: world.publisher, perSecondMax: perSecondMax, counters: world.counters,
            logger: world.logger)
    }

    private static func ask(_ resolver: KeyFallbackResolver, _ key: String) async -> KeyFallbackResolver.Outcome {
        await withCheckedContinuation { continuation in
            resolver.resolve(SHA256Digest(of: key), key: Array(key.utf8)) { continuation.resume(returning: $0) }
        }
    }

    private static func insert(_ key: String, id: String, _ world: WorkerWorld, bcrypt: Bool = false) async throws {
        let hash =
            bcrypt ? try BcryptHash.make(of: Array(key.utf8).span, cost: 4).text : SHA256Digest(of: key).hexText
        let org = if let known = try await Orgs(world.pool).find("org_acme") { known } else { try await world.org() }
        _ = try await APIKeys(world.pool).insert(
            NewAPIKey(
                id: id, orgID: org.id,
                material: KeyMaterial(
                    hash: hash, algorithm: bcrypt ? .bcrypt : .sha256, prefix: String(key.prefix(12))),
                environment: .live))
    }

    @Test func `a key that only PostgreSQL knows is published, an unknown one is unknown`() async throws {
        let world = try await WorkerWorld.make()
        let resolver = Self.resolver(world)
        try await Self.insert("some-secret-key-1", id: "key_a", world)
        try await running(resolver) {
            #expect(await Self.ask(resolver, "some-secret-key-1") == .published)
            let hash = SHA256Digest(of: "some-secret-key-1").hexText
            let exists = try await world.redis.command("EXISTS", .text(world.keyspace.keyRecord(sha256Hex: hash)))
            #expect(exists.integer == 1)
            #expect(await Self.ask(resolver, "some-secret-key-2") == .unknown)
        }
        await world.close()
    }

    @Test func `an imported bcrypt key is checked, and kept as SHA-256 from its first use`() async throws {
        let world = try await WorkerWorld.make()
        let resolver = Self.resolver(world)
        try await Self.insert("imported_key_one", id: "key_b", world, bcrypt: true)
        try await running(resolver) {
            // The same first twelve characters.
            #expect(await Self.ask(resolver, "imported_key_two") == .unknown)
            #expect(await Self.ask(resolver, "imported_key_one") == .published)
            let kept = try await APIKeys(world.pool).find("key_b", of: "org_acme")
            #expect(kept?.material.algorithm == .sha256)
            #expect(kept?.material.hash == SHA256Digest(of: "imported_key_one").hexText)
            let checks = world.counters.value(.bcryptChecks)
            #expect(await Self.ask(resolver, "imported_key_one") == .published)
            #expect(world.counters.value(.bcryptChecks) == checks)
        }
        await world.close()
    }

    @Test func `a flood of unknown keys reaches PostgreSQL a bounded number of times`() async throws {
        let world = try await WorkerWorld.make()
        let resolver = Self.resolver(world, perSecondMax: 5)
        try await running(resolver) {
            let began = ContinuousClock.now
            var refused = 0
            for index in 0..<2_000 where await Self.ask(resolver, "unknown-key-\(index)") == .refused { refused += 1 }
            let seconds = (ContinuousClock.now - began) / .seconds(1)
            let allowed = 5 + Int(seconds * 5) + 1
            #expect(world.counters.value(.keyLookups) <= UInt64(allowed))
            #expect(refused + Int(world.counters.value(.keyLookups)) == 2_000)
        }
        await world.close()
    }

    @Test func `many who ask for one key at once cause one look-up`() async throws {
        let world = try await WorkerWorld.make()
        let resolver = Self.resolver(world)
        try await Self.insert("asked-for-by-many", id: "key_c", world)
        // Asked before the resolver runs, so that all of them meet.
        let answers = Mutex<[KeyFallbackResolver.Outcome]>([])
        let key = Array("asked-for-by-many".utf8)
        for _ in 0..<50 {
            resolver.resolve(SHA256Digest(of: "asked-for-by-many"), key: key) { outcome in
                answers.withLock { $0.append(outcome) }
            }
        }
        try await running(resolver) {
            try await eventually("every asker has an answer") { answers.withLock { $0.count } == 50 }
            #expect(answers.withLock { $0.allSatisfy { $0 == .published } })
            #expect(world.counters.value(.keyLookups) == 1)
        }
        await world.close()
    }

    @Test func `PostgreSQL away is told apart from an unknown key`() async throws {
        let postgres = try TestPostgres.start()
        let world = try await WorkerWorld.make(postgres: postgres)
        let resolver = Self.resolver(world)
        postgres.kill()
        try await running(resolver) {
            #expect(await Self.ask(resolver, "whatever-it-may-be") == .unavailable)
        }
        await world.close()
    }

    @Test func `the bound gives so many at once and so many a second`() {
        var bound = RateBound(perSecond: 3, nowNs: 0)
        #expect((0..<5).map { _ in bound.take(nowNs: 0) } == [true, true, true, false, false])
        #expect(bound.take(nowNs: 333_333_334) && !bound.take(nowNs: 333_333_334))
        // A clock that goes back, and one that jumps far ahead.
        let early = bound.take(nowNs: 0)
        #expect(!early)
        #expect((0..<5).map { _ in bound.take(nowNs: 1 << 60) } == [true, true, true, false, false])
    }
}
