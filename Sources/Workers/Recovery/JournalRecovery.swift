import Domain
import Glibc
public import HotStore
public import Journal
public import Logging
public import PostgresClient
public import Records
public import RedisClient
public import ServiceLifecycle
import Synchronization

/// Sees to it that what stands in a journal stands in the records, whatever became of its gateway and of Redis.
///
/// Journals of gateways of this machine that are dead are taken over, recorded and removed: at the start and every few
/// seconds. The one of this process is followed by a fresh one before it is full, or after a day, and recorded at the end.
/// All of it may be done twice: counters are absolute, under the journal's own epoch, and the highest value counts.
public final class JournalRecovery: Service {
    private let keeper: JournalKeeper?
    private let folder: JournalFolder
    private let deployment: String
    private let records: UsageJournals
    private let redis: RedisConnection
    private let keyspace: Keyspace
    private let counters: WorkerCounters
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var adopt: (@Sendable (JournalFile) async -> Void)?
        /// Journals of this process that are full or old, and wait to be recorded.
        var sealed: [JournalFile] = []
        /// Files that were found to be no business of ours, so that each is told of once.
        var passedOver: Set<String> = []
        /// Gateways that are dead for certain, as Redis is to hear.
        var gone: Set<String> = []
        var gaps: UsageJournals.Gaps?
        var renewAt = ContinuousClock.now + JournalRecovery.renewInterval
        /// A journal in doubt is not followed by another before: a disk that takes nothing should not get many.
        var replaceAt = ContinuousClock.now
        var saidOfDisk = SaidLately<SyncFailure>()
    }

    private static let interval = Duration.milliseconds(500)
    private static let lookInterval = Duration.seconds(5)
    private static let renewInterval = Duration.seconds(86_400)
    private static let replaceInterval = Duration.seconds(60)
    private static let fullPercent = 50

    /// - Parameter keeper: of this process's own journal; nil where there is no edge.
    public init(
        keeper: JournalKeeper?, folder: JournalFolder, deployment: String, pool: PostgresPool, redis: RedisConnection,
        keyspace: Keyspace, counters: WorkerCounters, logger: Logger
    ) {
        self.keeper = keeper
        self.folder = folder
        self.deployment = deployment
        self.records = UsageJournals(pool)
        self.redis = redis
        self.keyspace = keyspace
        self.counters = counters
        self.logger = logger
    }

    /// Names who brings the loops over to another journal.
    public func attach(_ adopt: @escaping @Sendable (JournalFile) async -> Void) {
        self.state.withLock { $0.adopt = adopt }
    }

    /// What was missing at the last look; nil before the first.
    public var gaps: UsageJournals.Gaps? { self.state.withLock { $0.gaps } }

    /// Works until shutdown, and then records the journal of this process, to which its edge adds nothing any more.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var trouble = Trouble(
                "Journals of usage cannot be recorded; they stay on disk meanwhile", logger: self.logger)
            var lookAt = ContinuousClock.now
            while !Task.isCancelled {
                await self.renewIfNeeded()
                if ContinuousClock.now >= lookAt {
                    lookAt = .now + Self.lookInterval
                    do {
                        try await self.look()
                        trouble.over()
                    } catch {
                        self.counters.add(1, to: .journalFailures)
                        await trouble.happened(error)
                    }
                }
                try await Task.sleep(for: Self.interval)
            }
        }
        do {
            try await self.recordSealed()
            if let journal = self.keeper?.current { try await self.record(journal) }
        } catch {
            self.logger.warning(
                "The last usage stays in the journal until the next start",
                metadata: ["path": "\(self.keeper?.current.path ?? "-")", "error": "\(error)"])
        }
    }

    /// Records what dead gateways have left behind, and says that this one lives.
    public func look() async throws {
        try await self.recordSealed()
        do {
            try await self.recoverDead()
        } catch {
            await self.giveUpShares()
            throw error
        }
        await self.giveUpShares()
        if let journal = self.keeper?.current { try await self.records.saw(Self.state(of: journal)) }
        let gaps = try await self.records.gaps()
        self.state.withLock { $0.gaps = gaps }
    }

    /// Makes way for a fresh journal when this process's own is half full, or the disk did not take it.
    public func renewIfNeeded() async {
        guard let keeper, let adopt = self.state.withLock({ $0.adopt }) else { return }
        self.tellFailedSyncs(of: keeper.current)
        let isInDoubt = keeper.current.doubt != nil
        let isDue = self.state.withLock { state in
            let now = ContinuousClock.now
            return now >= state.renewAt || isInDoubt && now >= state.replaceAt
        }
        guard isDue || keeper.current.percentUsed >= Self.fullPercent else { return }
        do throws(JournalError) {
            let before = try await keeper.renew(adopt)
            self.state.withLock { state in
                state.sealed.append(before)
                state.renewAt = .now + Self.renewInterval
                if isInDoubt { state.replaceAt = .now + Self.replaceInterval }
            }
        } catch {
            self.logger.error("No fresh usage journal can be made", metadata: ["error": "\(error)"])
            self.state.withLock { state in
                state.renewAt = .now + Self.lookInterval
                state.replaceAt = .now + Self.lookInterval
            }
        }
    }

    private func tellFailedSyncs(of journal: JournalFile) {
        self.counters.add(journal.takeFailedSyncs(), to: .journalSyncFailures)
        guard let doubt = journal.doubt, self.state.withLock({ $0.saidOfDisk.isNew(doubt) }) else { return }
        self.logger.error(
            "The disk did not take the journal of usage; another one follows, and this one is recorded",
            metadata: ["path": "\(journal.path ?? "-")", "error": "\(doubt)"])
    }

    // MARK: Recording

    private func recordSealed() async throws {
        for journal in self.state.withLock({ $0.sealed }) {
            try await self.record(journal)
            self.state.withLock { state in state.sealed.removeAll { $0 === journal } }
        }
    }

    private func recoverDead() async throws {
        for path in self.folder.journals() {
            guard !self.state.withLock({ $0.passedOver.contains(path) }) else { continue }
            let journal: JournalFile
            do throws(JournalError) {
                guard let taken = try JournalFile.takeOver(path) else { continue }
                journal = taken
            } catch {
                self.passOver(path, because: "\(error)")
                continue
            }
            guard try await self.isOurs(journal) else {
                self.passOver(path, because: "it belongs to other stores: \(journal.deployment)")
                continue
            }
            self.state.withLock { _ = $0.gone.insert(journal.id) }
            try await self.record(journal)
            self.counters.add(1, to: .journalsRecovered)
            self.logger.notice("The journal of a gateway that is gone is recorded", metadata: ["path": "\(path)"])
        }
    }

    private func isOurs(_ journal: JournalFile) async throws -> Bool {
        if journal.deployment == self.deployment { return true }
        return try await self.records.knows(journal.id)
    }

    private func passOver(_ path: String, because reason: String) {
        self.state.withLock { _ = $0.passedOver.insert(path) }
        self.logger.warning("A usage journal is left alone", metadata: ["path": "\(path)", "reason": "\(reason)"])
    }

    /// Everything in a journal goes into the records, and then the journal goes.
    private func record(_ journal: JournalFile) async throws {
        var reader = JournalReader(journal)
        let readings = reader.poll()
        if reader.damagedRegions > 0 {
            self.logger.error(
                "A usage journal is damaged; what is behind the damage is lost",
                metadata: ["path": "\(journal.path ?? "-")", "regions": "\(reader.damagedRegions)"])
        }
        let counters = readings.map { reading in
            let counter = reader.counters[reading.index]
            return UsageCounter(
                epoch: journal.id, orgID: counter.orgID, apiKeyID: counter.keyID, environment: counter.environment,
                meter: counter.meter, windowStart: PostgresInstant(unixSeconds: Int64(counter.hour) * 3_600),
                added: reading.total)
        }
        let receipt = try await self.records.close(Self.state(of: journal), counters)
        self.counters.add(receipt.changed, to: .usageRows)
        self.counters.add(max(0, reader.balance.opened - reader.balance.settled), to: .requestsExpired)
        for counter in receipt.refused {
            self.logger.error(
                "A usage counter cannot be true and was not recorded",
                metadata: [
                    "org_id": "\(counter.orgID)", "api_key_id": "\(counter.apiKeyID)", "meter": "\(counter.meter)",
                    "added": "\(counter.added)",
                ])
        }
        await self.forget(journal.id, orgs: Set(counters.map(\.orgID)))
        journal.remove()
    }

    /// Whoever held the journal is dead for certain: its part of the limits need not wait until it expires.
    private func giveUpShares() async {
        for id in self.state.withLock({ $0.gone }) {
            let field = Keyspace.shareField(ofGateway: id)
            guard (try? await self.redis.command("HDEL", .text(self.keyspace.shares), .text(field))) != nil else {
                return
            }
            self.state.withLock { _ = $0.gone.remove(id) }
        }
    }

    /// Redis need not keep what is recorded for good; what it keeps all the same expires by itself.
    private func forget(_ id: String, orgs: Set<String>) async {
        for org in orgs {
            let name = self.keyspace.meters(org: org, epoch: UsageEpoch(id))
            guard (try? await self.redis.command("UNLINK", .text(name))) != nil else { return }
        }
    }

    private static func state(of journal: JournalFile) -> UsageJournals.State {
        let balance = JournalReader(journal).balance
        return UsageJournals.State(
            id: journal.id, host: Self.hostName, path: journal.path ?? "", opened: balance.opened,
            settled: balance.settled, uncovered: balance.uncovered)
    }

    private static let hostName: String = {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()
}
