import Domain
import Glibc
import HotStore
import Journal
import PostgresClient
import Records
import RedisClient
import TestKit
import Testing

@testable import Workers

/// What was written down reaches the records exactly, whoever dies on the way.
struct JournalRecoveryTests {
    /// A gateway of a test: a journal, and what it should hold.
    final class Gateway {
        let keeper: JournalKeeper
        let writer: JournalWriter

        init(_ folder: TestFolder, deployment: String = "d", regionBytes: Int = 1 << 16) throws {
            self.keeper = try JournalKeeper(
                folder: JournalFolder(folder.path), deployment: deployment, regions: 1, regionBytes: regionBytes)
            self.writer = try #require(JournalWriter(self.keeper.current, region: 0))
        }

        func count(_ amount: Int, key: String = "key_a", meter: String = "jobs", hour: Int = 500_000) throws {
            let cell = try #require(
                self.writer.cell(
                    for: JournalCounter(
                        orgID: "org_a", keyID: key, environment: .live, meter: meter, hour: hour)))
            self.writer.add(amount, to: cell)
        }
    }

    static func recovery(
        _ world: WorkerWorld, _ folder: TestFolder, deployment: String = "d", keeper: JournalKeeper? = nil
    ) -> JournalRecovery {
        JournalRecovery(
            keeper: keeper, folder: JournalFolder(folder.path), deployment: deployment, pool: world.pool,
            redis: world.redis, keyspace: world.keyspace, counters: world.counters, logger: world.logger)
    }

    /// A gateway's loop that counts into a small journal, and the recovery that hands it the next one.
    private static func writingLoop(_ world: WorkerWorld, _ folder: TestFolder) throws
        -> (keeper: JournalKeeper, writing: WritingLoop, recovery: JournalRecovery)
    {
        let keeper = try JournalKeeper(
            folder: JournalFolder(folder.path), deployment: "d", regions: 1, regionBytes: 1 << 16)
        let writing = WritingLoop(keeper.current)
        let recovery = Self.recovery(world, folder, keeper: keeper)
        recovery.attach { await writing.use($0) }
        return (keeper, writing, recovery)
    }

    static func recorded(_ world: WorkerWorld) async throws -> Int {
        try await world.pool.query("SELECT coalesce(sum(quantity), 0)::bigint AS n FROM usage_meters")
            .only()["n", as: Int.self]
    }

    @Test func `the journal of a gateway that was killed is recorded once, and removed`() async throws {
        let world = try await WorkerWorld.make()
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        var dead: Gateway? = try Gateway(folder)
        for _ in 0..<10 {
            dead?.writer.requestOpened()
            try dead?.count(1)
        }
        for _ in 0..<7 { dead?.writer.requestSettled() }
        let recovery = Self.recovery(world, folder)
        try await recovery.look()
        #expect(try await Self.recorded(world) == 0)
        dead = nil
        try await recovery.look()
        try await recovery.look()
        #expect(try await Self.recorded(world) == 10)
        #expect(JournalFolder(folder.path).journals().isEmpty)
        let row = try await world.pool.query(
            "SELECT opened, settled, expired FROM usage_journals WHERE closed_at IS NOT NULL"
        ).only()
        #expect(try row["opened", as: Int.self] == 10)
        #expect(try row["settled", as: Int.self] == 7)
        #expect(try row["expired", as: Int.self] == 3)
        await world.close()
    }

    @Test func `what Redis was told and what a dead gateway left behind is one usage, not two`() async throws {
        let world = try await WorkerWorld.make()
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        var gateway: Gateway? = try Gateway(folder)
        try gateway?.count(5)
        let epoch = UsageEpoch(gateway?.keeper.current.id ?? "")
        let hash = world.keyspace.meters(org: "org_a", epoch: epoch)
        // As the gateway tells it, before it counts on and dies.
        _ = try await world.redis.command("HSET", .text(hash), "l:key_a:jobs:500000", 5)
        try await world.flusher().flushAll()
        #expect(try await Self.recorded(world) == 5)
        try gateway?.count(3)
        gateway = nil
        try await Self.recovery(world, folder).look()
        #expect(try await Self.recorded(world) == 8)
        #expect(try await world.redis.command("EXISTS", .text(hash)).integer == 0)
        // Redis comes back with what it knew: an older file, or a worker that was slow.
        _ = try await world.redis.command("HSET", .text(hash), "l:key_a:jobs:500000", 5)
        try await world.flusher().flushAll()
        #expect(try await Self.recorded(world) == 8)
        await world.close()
    }

    @Test func `a recovery that dies after recording and before removing counts nothing twice`() async throws {
        let world = try await WorkerWorld.make()
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        var gateway: Gateway? = try Gateway(folder)
        try gateway?.count(4)
        let path = try #require(gateway?.keeper.current.path)
        gateway = nil
        // The same journal is found again afterwards.
        #expect(link(path, "\(folder.path)/again.usage") == 0)
        try await Self.recovery(world, folder).look()
        #expect(try await Self.recorded(world) == 4)
        #expect(JournalFolder(folder.path).journals().isEmpty)
        await world.close()
    }

    @Test func `a journal of other stores is left alone, unless these records know it`() async throws {
        let world = try await WorkerWorld.make()
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        var gateway: Gateway? = try Gateway(folder, deployment: "other")
        try gateway?.count(4)
        let id = try #require(gateway?.keeper.current.id)
        gateway = nil
        try await Self.recovery(world, folder).look()
        #expect(try await Self.recorded(world) == 0)
        #expect(JournalFolder(folder.path).journals().count == 1)
        try await UsageJournals(world.pool).saw(
            .init(id: id, host: "h", path: "p", opened: 0, settled: 0, uncovered: 0))
        try await Self.recovery(world, folder).look()
        #expect(try await Self.recorded(world) == 4)
        await world.close()
    }

    @Test func `a journal that fills up is followed by another, and nothing is lost or doubled`() async throws {
        let world = try await WorkerWorld.make()
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        let (_, writing, recovery) = try Self.writingLoop(world, folder)
        var total = 0
        for number in 0..<2_000 {
            #expect(await writing.count(number % 5 + 1, key: "key_\(number)"))
            total += number % 5 + 1
            if number % 50 == 0 { await recovery.renewIfNeeded() }
        }
        try await recovery.look()
        try await running(recovery) {}
        #expect(try await Self.recorded(world) == total)
        #expect(JournalFolder(folder.path).journals().isEmpty)
        let epochs = try await world.pool.query(
            "SELECT count(*)::bigint AS n FROM usage_journals WHERE closed_at IS NOT NULL"
        ).only()["n", as: Int.self]
        #expect(epochs > 2)
        await world.close()
    }

    @Test func `a journal that the disk did not take is followed by another and recorded, but not again and again`()
        async throws
    {
        let world = try await WorkerWorld.make()
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        let (keeper, writing, recovery) = try Self.writingLoop(world, folder)
        #expect(await writing.count(3, key: "key_1"))
        var broken: [BrokenFile] = []
        let first = keeper.current
        await recovery.renewIfNeeded()
        #expect(keeper.current === first)
        broken.append(try BrokenFile(#require(first.path)))
        first.flush()
        await recovery.renewIfNeeded()
        let second = keeper.current
        #expect(second !== first)
        #expect(world.counters.value(.journalSyncFailures) == 1)
        #expect(await writing.count(4, key: "key_1"))
        broken.append(try BrokenFile(#require(second.path)))
        second.flush()
        await recovery.renewIfNeeded()
        #expect(keeper.current === second, "a disk that takes nothing does not get many")
        #expect(world.counters.value(.journalSyncFailures) == 2)
        try await recovery.look()
        #expect(try await Self.recorded(world) == 3)
        try await running(recovery) {}
        #expect(try await Self.recorded(world) == 7)
        #expect(JournalFolder(folder.path).journals().isEmpty)
        await world.close()
    }

    @Test func `a gateway that is gone with its journal shows as a gap, until the journal is found`() async throws {
        let world = try await WorkerWorld.make()
        let journals = UsageJournals(world.pool)
        let state = UsageJournals.State(id: "lost", host: "h", path: "p", opened: 9, settled: 4, uncovered: 0)
        try await journals.saw(state)
        #expect(try await journals.gaps() == .init(journals: 0, requests: 0, units: 0))
        try await world.pool.query("UPDATE usage_journals SET seen_at = seen_at - interval '1 hour'")
        #expect(try await journals.gaps() == .init(journals: 1, requests: 5, units: 0))
        _ = try await journals.close(state, [])
        #expect(try await journals.gaps() == .init(journals: 0, requests: 0, units: 0))
        await world.close()
    }

    @Test func `units that found no room show as a gap`() async throws {
        let world = try await WorkerWorld.make()
        let journals = UsageJournals(world.pool)
        _ = try await journals.close(
            .init(id: "full", host: "h", path: "p", opened: 1, settled: 1, uncovered: 7), [])
        #expect(try await journals.gaps() == .init(journals: 0, requests: 0, units: 7))
        await world.close()
    }

    /// Random lives of a fleet: gateways count, tell Redis, are killed; Redis forgets; workers flush and recover at any
    /// time and die between recording and removing. Every unit counts once.
    @Test func `whatever happens in whatever order, the records hold exactly what was counted`() async throws {
        for seed in 0..<UInt64(TestEffort.cases(6, full: 200)) {
            var random = SplitMix64(seed: seed)
            let world = try await WorkerWorld.make()
            let folder = try TestFolder(prefix: "tollgate-journal")
            defer { folder.remove() }
            var gateways = [try Gateway(folder), try Gateway(folder)]
            var told: [String: [(String, Int64)]] = [:]
            var total = 0
            let recovery = Self.recovery(world, folder)
            for _ in 0..<60 {
                let which = Int.random(in: 0..<gateways.count, using: &random)
                switch Int.random(in: 0..<10, using: &random) {
                case 0...4:
                    let amount = Int.random(in: 1...9, using: &random)
                    try gateways[which].count(
                        amount, key: "key_\(Int.random(in: 0..<3, using: &random))",
                        hour: 500_000 + Int.random(in: 0..<2, using: &random))
                    total += amount
                case 5:
                    let hash = world.keyspace.meters(
                        org: "org_a", epoch: UsageEpoch(gateways[which].keeper.current.id))
                    var reader = JournalReader(gateways[which].keeper.current)
                    let fields = reader.poll().map { reading in
                        let counter = reader.counters[reading.index]
                        return ("l:\(counter.keyID):\(counter.meter):\(counter.hour)", reading.total)
                    }
                    told[hash] = fields
                    try await Self.tell(world, hash, fields)
                case 6: try await world.flusher().flushAll()
                case 7: gateways[which] = try Gateway(folder)
                case 8: try await recovery.look()
                default:
                    // Redis forgets, or comes back with something old.
                    if let (hash, fields) = told.randomElement(using: &random) {
                        _ = try await world.redis.command("DEL", .text(hash))
                        if Bool.random(using: &random) { try await Self.tell(world, hash, fields) }
                    }
                }
                let now = try await Self.recorded(world)
                #expect(now <= total, "seed \(seed)")
            }
            gateways = []
            try await recovery.look()
            try await world.flusher().flushAll()
            #expect(try await Self.recorded(world) == total, "seed \(seed)")
            await world.close()
        }
    }

    private static func tell(_ world: WorkerWorld, _ hash: String, _ fields: [(String, Int64)]) async throws {
        guard !fields.isEmpty else { return }
        _ = try await world.redis.command(
            [.text("HSET"), .text(hash)] + fields.flatMap { [RedisArgument.text($0.0), .integer($0.1)] })
    }
}

/// A loop that counts, and goes over to another journal when told to.
private actor WritingLoop {
    private var writer: JournalWriter?

    init(_ journal: JournalFile) {
        self.writer = JournalWriter(journal, region: 0)
    }

    func use(_ journal: JournalFile) { self.writer = JournalWriter(journal, region: 0) }

    func count(_ amount: Int, key: String) -> Bool {
        let counter = JournalCounter(orgID: "org_a", keyID: key, environment: .live, meter: "jobs", hour: 500_000)
        guard let writer, let cell = writer.cell(for: counter) else { return false }
        writer.add(amount, to: cell)
        return true
    }
}
