import Domain
import Glibc
import Journal
import Logging
import PostgresClient
import Records
import Synchronization
import TestKit
import Testing

@testable import Workers

/// A result that a client may have seen reaches PostgreSQL, whoever dies on the way. On a real server that is killed,
/// frozen and started again.
@Suite(.serialized) struct DurableKeyStoreTests {
    private static func claim(_ owner: Int, key: String = "k") -> DurableClaim {
        func hex(_ text: String) -> [UInt8] {
            Array((String(repeating: "0", count: 64 - text.utf8.count) + text).utf8)
        }
        return DurableClaim(
            orgID: "org_1", environment: .live, apiKeyID: "",
            request: ClaimRequest(
                keyDigest: Array("digest of \(key)".utf8), fingerprint: hex("abc"), owner: Array("\(owner)".utf8),
                requestID: Array("req_\(owner)".utf8)),
            claimMs: 60_000, keepMs: 86_400_000, mayRepeat: false)
    }

    private static let result = StoredResult.response(status: 201, headers: Array("A: b\r\n".utf8), body: [1, 2, 3])

    /// A pool with the short limits of the product's own.
    private static func pool(_ database: TestDatabase) throws -> PostgresPool {
        var configuration = try database.configuration
        configuration.connectionsMax = 2
        configuration.connectTimeout = .milliseconds(500)
        configuration.statementTimeout = .milliseconds(500)
        return PostgresPool(configuration)
    }

    private static func store(
        _ pool: PostgresPool, _ folder: TestFolder, deployment: String = "d",
        counters: WorkerCounters = WorkerCounters()
    ) -> DurableKeyStore {
        DurableKeyStore(
            pool: pool, folder: JournalFolder(folder.path), deployment: deployment, counters: counters,
            logger: .init(label: "durable", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private static func ask(_ store: DurableKeyStore, _ claim: DurableClaim, withinMs: Int = 20_000) async
        -> DurableVerdict
    {
        await withCheckedContinuation { continuation in
            store.claim(claim, withinMs: withinMs) { continuation.resume(returning: $0) }
        }
    }

    /// What PostgreSQL says to another attempt at the key.
    private static func verdict(_ pool: PostgresPool, key: String = "k") async throws -> DurableVerdict? {
        try await DurableClaims(pool).claim([Self.claim(999, key: key)]).first
    }

    private struct World {
        let server: TestPostgres
        let pool: PostgresPool
        let patient: PostgresPool
        let folder: TestFolder
    }

    private static func with(_ body: (World) async throws -> Void) async throws {
        let server = try TestPostgres.start()
        let database = try await server.createDatabase()
        let patient = try database.pool(connectionsMax: 2)
        _ = try await RecordsSchema.migrator().run(on: patient)
        let pool = try Self.pool(database)
        let folder = try TestFolder(prefix: "tollgate-durable")
        defer { folder.remove() }
        try await body(World(server: server, pool: pool, patient: patient, folder: folder))
        server.resume()
        await pool.close()
        await patient.close()
    }

    @Test(arguments: ["killed", "stopped", "frozen"])
    func `PostgreSQL is away between claim and settlement: the result arrives when it is back`(_ how: String)
        async throws
    {
        try await Self.with { world in
            let store = Self.store(world.pool, world.folder)
            try await running(store) {
                // One that takes longer than the pool allows is given back; the next attempt has another owner.
                var owner = 0
                try await eventually("a claim") {
                    owner += 1
                    return await Self.ask(store, Self.claim(owner)) == .claimed
                }
                try await eventually("nothing is on its way back") { store.waiting == 0 }
                switch how {
                case "killed": world.server.kill()
                case "stopped": world.server.stop()
                default: world.server.pause()
                }
                store.settle(.init(claim: Self.claim(owner), ending: .store(Self.result)))
                #expect(store.waiting == 1)
                #expect(await Self.ask(store, Self.claim(2, key: "other"), withinMs: 100) == .unavailable)
                if how == "frozen" { world.server.resume() } else { try world.server.restart() }
                try await eventually("the result") {
                    try await Self.verdict(world.patient) == .finished(Self.result, first: Array("req_\(owner)".utf8))
                }
                // A claim that was refused is free, whether PostgreSQL had it or not.
                try await eventually("nothing waits") { store.waiting == 0 }
                #expect(try await Self.verdict(world.patient, key: "other") == .claimed)
            }
            #expect(JournalFolder(world.folder.path).outcomes().isEmpty)
        }
    }

    @Test func `the gateway dies with results that PostgreSQL has not: the next one on its machine settles them`()
        async throws
    {
        try await Self.with { world in
            let claims = DurableClaims(world.patient)
            #expect(try await claims.claim([Self.claim(1), Self.claim(2, key: "freed")]) == [.claimed, .claimed])
            world.server.kill()
            do {
                // It never runs again: killed before it could tell anybody.
                let dead = Self.store(world.pool, world.folder)
                dead.settle(.init(claim: Self.claim(1), ending: .store(Self.result)))
                dead.settle(.init(claim: Self.claim(2, key: "freed"), ending: .release))
                let other = Self.store(world.pool, world.folder)
                try await other.recoverDead()
                #expect(JournalFolder(world.folder.path).outcomes().count == 1, "its owner lives")
                _ = dead.waiting
            }
            let counters = WorkerCounters()
            let heir = Self.store(world.pool, world.folder, counters: counters)
            try await running(heir) {
                try await eventually("it has tried") { counters.value(.durableFailures) > 0 }
                #expect(JournalFolder(world.folder.path).outcomes().count == 1)
                try world.server.restart()
                try await eventually("the result") {
                    try await Self.verdict(world.patient) == .finished(Self.result, first: Array("req_1".utf8))
                }
            }
            #expect(try await Self.verdict(world.patient, key: "freed") == .claimed)
            #expect(counters.value(.durableRecovered) == 2)
            #expect(JournalFolder(world.folder.path).outcomes().isEmpty)
        }
    }

    @Test func `outcomes of other stores are left alone`() async throws {
        try await Self.with { world in
            do {
                let dead = Self.store(world.pool, world.folder, deployment: "other")
                dead.settle(.init(claim: Self.claim(1), ending: .release))
                _ = dead.waiting
            }
            try await Self.store(world.pool, world.folder).recoverDead()
            #expect(JournalFolder(world.folder.path).outcomes().count == 1)
        }
    }

    @Test func `a result that PostgreSQL cannot store does not hold up the others`() async throws {
        try await Self.with { world in
            let counters = WorkerCounters()
            let store = Self.store(world.patient, world.folder, counters: counters)
            let claims = DurableClaims(world.patient)
            #expect(
                try await claims.claim((1...5).map { Self.claim($0, key: "k\($0)") })
                    == [DurableVerdict](repeating: .claimed, count: 5))
            for owner in 1...5 {
                let status = owner == 3 ? 999 : 200
                store.settle(
                    .init(
                        claim: Self.claim(owner, key: "k\(owner)"),
                        ending: .store(.response(status: status, headers: [], body: []))))
            }
            try await running(store) { try await eventually("all are told") { store.waiting == 0 } }
            #expect(counters.value(.durableDropped) == 1)
            let done = try await world.patient.query(
                "SELECT count(*)::bigint AS n FROM idempotency_keys WHERE state = 'completed'"
            ).only()["n", as: Int.self]
            #expect(done == 4)
        }
    }

    @Test func `where nothing can be written down it is counted, and the result is told from memory`() async throws {
        try await Self.with { world in
            let counters = WorkerCounters()
            // A folder below a file cannot be made.
            let store = DurableKeyStore(
                pool: world.patient, folder: JournalFolder("/dev/null/folder"), deployment: "d", counters: counters,
                logger: .init(label: "durable", factory: { _ in SwiftLogNoOpLogHandler() }))
            try await running(store) {
                #expect(await Self.ask(store, Self.claim(1)) == .claimed)
                store.settle(.init(claim: Self.claim(1), ending: .store(Self.result)))
                try await eventually("the result") {
                    try await Self.verdict(world.patient) == .finished(Self.result, first: Array("req_1".utf8))
                }
            }
            #expect(counters.value(.durableUnwritten) == 1)
        }
    }

    @Test func `what the disk did not take is written to another file, told once, and found by the next gateway`()
        async throws
    {
        try await Self.with { world in
            let counters = WorkerCounters()
            let claims = DurableClaims(world.patient)
            _ = try await claims.claim((1...3).map { Self.claim($0, key: "k\($0)") })
            let folder = JournalFolder(world.folder.path)
            let lines = CapturedLines()
            var broken: [BrokenFile] = []
            do {
                // It never runs: nothing is told to PostgreSQL by it.
                let dead = DurableKeyStore(
                    pool: world.pool, folder: folder, deployment: "d", counters: counters,
                    logger: .init(label: "durable", factory: { _ in lines }))
                for owner in 1...3 {
                    dead.settle(.init(claim: Self.claim(owner, key: "k\(owner)"), ending: .store(Self.result)))
                }
                var paths = Set(folder.outcomes())
                var newest = paths
                #expect(paths.count == 1)
                for failures in 1...2 {
                    broken.append(try BrokenFile(#require(newest.first)))
                    dead.sync()
                    #expect(counters.value(.durableSyncFailures) == UInt64(failures))
                    let now = Set(folder.outcomes())
                    newest = now.subtracting(paths)
                    #expect(newest.count == 1 && now.isSuperset(of: paths), "another one keeps it, and the old one too")
                    #expect(Self.doubtful(dead) == 3)
                    paths = now
                }
                #expect(lines.count == 1, "\(lines)")
                dead.sync()
                #expect(counters.value(.durableSyncFailures) == 2, "this one is taken")
                #expect(Set(folder.outcomes()) == newest, "and the old ones are gone")
                #expect(Self.doubtful(dead) == 0)
                _ = dead.waiting
            }
            broken = []
            let heir = Self.store(world.patient, world.folder, counters: counters)
            try await heir.recoverDead()
            #expect(counters.value(.durableRecovered) == 3)
            #expect(folder.outcomes().isEmpty)
        }
    }

    @Test func `results that no file can be relied on for are shown until there is one again`() async throws {
        try await Self.with { world in
            let counters = WorkerCounters()
            let store = Self.store(world.pool, world.folder, counters: counters)
            for owner in 1...2 { store.settle(.init(claim: Self.claim(owner), ending: .store(Self.result))) }
            #expect(Self.doubtful(store) == 0)
            let path = try #require(JournalFolder(world.folder.path).outcomes().first)
            let broken = try BrokenFile(path)
            // In the place of the folder lies a file: no other one can be made.
            let (place, aside) = (world.folder.path, world.folder.path + ".aside")
            #expect(rename(place, aside) == 0)
            close(open(place, O_CREAT | O_CLOEXEC, 0o600))
            store.sync()
            #expect(Self.doubtful(store) == 2)
            #expect(access(aside + path.dropFirst(place.utf8.count), F_OK) == 0, "it may still be of use")
            // What comes now is in memory only, and said to be.
            store.settle(.init(claim: Self.claim(3), ending: .store(Self.result)))
            #expect(counters.value(.durableUnwritten) == 1)
            #expect(unlink(place) == 0 && rename(aside, place) == 0)
            try await eventually("a file that takes them") {
                store.sync()
                return Self.doubtful(store) == 0
            }
            #expect(counters.value(.durableSyncFailures) == 1)
            #expect(access(path, F_OK) != 0)
            withExtendedLifetime(broken) {}
        }
    }

    private static func doubtful(_ store: DurableKeyStore) -> Double? {
        guard case .number(let number)? = store.families().first?.samples.first?.value else { return nil }
        return number
    }
}

/// Counts what is logged as an error.
private final class CapturedLines: LogHandler {
    private let errors = Atomic<Int>(0)

    var count: Int { self.errors.load(ordering: .relaxed) }

    func log(event: LogEvent) {
        if event.level >= .error { self.errors.add(1, ordering: .relaxed) }
    }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
}
