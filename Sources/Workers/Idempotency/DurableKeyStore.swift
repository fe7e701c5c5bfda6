public import Domain
public import Journal
public import Logging
public import PostgresClient
import Records
public import ServiceLifecycle
import Synchronization

/// Asks PostgreSQL about idempotency keys of durable routes, for the edge beside it.
///
/// Claims that arrive while a statement is under way share the next one: the dearest part of a claim is its commit, and
/// one commit serves all of a batch. Settlements are written to a file of this process (``OutcomeFile``) before the
/// client hears of them, and to PostgreSQL behind the answer, again and again until it confirms them. Whatever ends this
/// process, the next one of its machine finds the file and settles what is in it. Until then the key is `running` in
/// PostgreSQL, which can only refuse, never execute. Both queues are bounded: a claim too many is answered `unavailable`, a
/// settlement too many is dropped, counted and logged.
public final class DurableKeyStore: Service {
    private struct Wish: Sendable {
        let claim: DurableClaim
        /// It is not asked after this moment: nobody waits any more.
        let until: ContinuousClock.Instant
        let answer: @Sendable (DurableVerdict) -> Void
    }

    private struct State {
        var wishes: [Wish] = []
        var outbox = DurableOutbox()
        var files: OutcomeFiles?
        var isClosed = false
        var saysUnwritten = true
        var saidOfDisk = SaidLately<SyncFailure>()
        /// Files that were found to be no business of ours, so that each is told of once.
        var passedOver: Set<String> = []
    }

    let records: DurableClaims
    let counters: WorkerCounters
    let logger: Logger
    let folder: JournalFolder?
    let deployment: String
    private let state: Mutex<State>
    private let began = ContinuousClock.now
    private let claimBell = Bell()
    private let settleBell = Bell()

    private static let wishesMax = 4_096
    private static let batchMax = 128

    /// - Parameters:
    ///   - pool: of its own, with short time limits: nobody else's statements should hold up a claim.
    ///   - folder: where outcomes are written down; nil keeps them in memory, where they end with the process.
    ///   - deployment: names the stores that they belong to.
    public init(
        pool: PostgresPool, folder: JournalFolder? = nil, deployment: String = "", counters: WorkerCounters,
        logger: Logger
    ) {
        self.records = DurableClaims(pool)
        self.counters = counters
        self.logger = logger
        self.folder = folder
        self.deployment = deployment
        var state = State()
        state.files = folder.map { OutcomeFiles(folder: $0, deployment: deployment) }
        self.state = Mutex(state)
    }

    // MARK: From the edge, on any thread

    /// Asks for a claim; `answer` is called once, from anywhere. Nobody waits for it longer than `withinMs`.
    public func claim(
        _ claim: DurableClaim, withinMs: Int, answer: @escaping @Sendable (DurableVerdict) -> Void
    ) {
        let until = ContinuousClock.now + .milliseconds(withinMs)
        let isQueued = self.state.withLock { state in
            guard !state.isClosed, state.wishes.count < Self.wishesMax else { return false }
            state.wishes.append(Wish(claim: claim, until: until, answer: answer))
            return true
        }
        guard isQueued else {
            self.counters.add(1, to: .durableRefused)
            return answer(.unavailable)
        }
        self.claimBell.ring()
    }

    /// Takes over what becomes of a claim: when this returns it will reach PostgreSQL, even if this process dies.
    public func settle(_ settlement: DurableSettlement) {
        self.takeIn(settlement) { outbox, file in outbox.add(settlement, file: file) }
    }

    /// Settlements that PostgreSQL has not confirmed.
    public var waiting: Int { self.state.withLock { $0.outbox.waiting } }

    /// What should be 0, as metrics.
    public func families() -> [MetricFamily] {
        let doubtful = self.state.withLock { $0.files?.entriesInDoubt($0.outbox) ?? 0 }
        return [
            MetricFamily(
                name: "tollgate_durable_settlements_doubtful",
                help: "Results that neither PostgreSQL has confirmed nor the disk is known to have. Should be 0.",
                kind: .gauge, samples: [.init(value: .number(Double(doubtful)))])
        ]
    }

    private func takeIn(_ settlement: DurableSettlement, _ add: (inout DurableOutbox, Int?) -> Void) {
        let (isTaken, saysUnwritten) = self.state.withLock { state -> (Bool, Bool) in
            guard state.outbox.hasRoom(for: settlement) else { return (false, false) }
            var file: Int?
            var saysUnwritten = false
            if settlement.ending != .prolong, state.files != nil {
                file = state.files?.write(settlement)
                saysUnwritten = file == nil && state.saysUnwritten
                state.saysUnwritten = file != nil
                if file == nil { self.counters.add(1, to: .durableUnwritten) }
            }
            add(&state.outbox, file)
            return (true, saysUnwritten)
        }
        if saysUnwritten {
            self.logger.error(
                "Results of durable idempotency keys cannot be written down; they end with this process",
                metadata: ["folder": "\(self.folder?.path ?? "-")"])
        }
        guard isTaken else {
            self.counters.add(1, to: .durableDropped)
            self.logger.error(
                "The result of a durable idempotency key was dropped: PostgreSQL has been away for too long",
                metadata: ["org_id": "\(settlement.claim.orgID)"])
            return
        }
        self.settleBell.ring()
    }

    // MARK: Work

    /// Works until shutdown, then writes what is left.
    public func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.answerWishes() }
            group.addTask { await self.writeSettlements() }
            group.addTask { await self.wakeAtIntervals() }
            group.addTask { await self.recoverAtIntervals() }
            try? await gracefulShutdown()
            group.cancelAll()
        }
        let left = self.state.withLock { state in
            state.isClosed = true
            defer { state.wishes = [] }
            return state.wishes
        }
        for wish in left { wish.answer(.unavailable) }
        _ = self.state.withLock { $0.outbox.wake(nowMs: .max) }
        do {
            while try await self.writeOnce() {}
        } catch {
            self.logger.warning(
                "Results of durable idempotency keys could not be written; the next gateway here does it",
                metadata: ["error": "\(error)", "count": "\(self.waiting)"])
        }
        self.state.withLock { state in state.files?.tidy(state.outbox, isLast: true) }
    }

    private func answerWishes() async {
        for await _ in self.claimBell.rings {
            while !Task.isCancelled {
                let wishes = self.takeWishes()
                guard !wishes.isEmpty else { break }
                await self.decide(wishes)
            }
        }
    }

    private func takeWishes() -> [Wish] {
        let (due, late) = self.state.withLock { state -> ([Wish], [Wish]) in
            let taken = Array(state.wishes.prefix(Self.batchMax))
            state.wishes.removeFirst(taken.count)
            let now = ContinuousClock.now
            return (taken.filter { $0.until >= now }, taken.filter { $0.until < now })
        }
        self.counters.add(late.count, to: .durableRefused)
        for wish in late { wish.answer(.unavailable) }
        return due.isEmpty && !late.isEmpty ? self.takeWishes() : due
    }

    private func decide(_ wishes: [Wish]) async {
        do {
            let verdicts = try await self.records.claim(wishes.map(\.claim))
            self.counters.add(wishes.count, to: .durableClaims)
            for (wish, verdict) in zip(wishes, verdicts) { wish.answer(verdict) }
        } catch {
            self.counters.add(wishes.count, to: .durableRefused)
            self.logger.warning(
                "Durable idempotency keys cannot be claimed; their requests are refused",
                metadata: ["error": "\(error)", "count": "\(wishes.count)"])
            // What may have been granted is given back, and that is written down before anybody is refused: nothing was
            // forwarded under it.
            if !((error as? PostgresError)?.isRetryable ?? false) { self.giveBack(wishes.map(\.claim)) }
            for wish in wishes { wish.answer(.unavailable) }
        }
    }

    private func giveBack(_ claims: [DurableClaim]) {
        let nowMs = self.nowMs
        for claim in claims {
            self.takeIn(DurableSettlement(claim: claim, ending: .release)) { outbox, file in
                outbox.giveBack(claim, file: file, nowMs: nowMs)
            }
        }
    }

    private func writeSettlements() async {
        var trouble = Trouble(
            "Results of durable idempotency keys cannot be written; trying again", logger: self.logger)
        for await _ in self.settleBell.rings {
            var isDone = false
            while !isDone, !Task.isCancelled {
                do {
                    isDone = try await !self.writeOnce()
                    trouble.over()
                } catch {
                    self.counters.add(1, to: .durableFailures)
                    await trouble.happened(error)
                }
            }
        }
    }

    /// Writes a batch; returns false when there was nothing to write.
    private func writeOnce() async throws -> Bool {
        let batch = self.state.withLock { $0.outbox.take() }
        guard !batch.isEmpty else { return false }
        do {
            try await self.records.settle(batch)
        } catch {
            let failure = DurableOutbox.Failure(error)
            let givenUp = self.state.withLock { $0.outbox.failed(failure) }
            if let givenUp { self.sayGivenUp(givenUp, error) }
            // What is at fault is found by sending again.
            guard failure == .refused else { throw error }
            return true
        }
        let count = self.state.withLock { state in
            let count = state.outbox.confirmed()
            state.files?.tidy(state.outbox)
            return count
        }
        self.counters.add(count, to: .durableSettled)
        return true
    }

    func sayGivenUp(_ settlement: DurableSettlement, _ error: any Error) {
        self.counters.add(1, to: .durableDropped)
        self.logger.error(
            "PostgreSQL does not take the result of a durable idempotency key",
            metadata: ["org_id": "\(settlement.claim.orgID)", "error": "\(error)"])
    }

    /// Once a second: releases that are due again, and what was written down goes to the disk.
    private func wakeAtIntervals() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let nowMs = self.nowMs
            if self.state.withLock({ $0.outbox.wake(nowMs: nowMs) }) { self.settleBell.ring() }
            self.sync()
        }
    }

    /// Brings what was written down to the disk. What the disk did not take is written to another file: it is still in
    /// memory, and what the disk says of the old one at the next attempt means nothing.
    func sync() {
        let (files, movedFrom): ([Int: OutcomeFile], Set<Int>) = self.state.withLock {
            ($0.files?.trusted ?? [:], $0.files?.movedFrom ?? [])
        }
        var hasAll = true
        for (number, file) in files where !file.isEmpty {
            guard let failure = file.flush() else { continue }
            hasAll = false
            self.counters.add(1, to: .durableSyncFailures)
            let isNew = self.state.withLock { state in
                state.files?.doubt(number)
                return state.saidOfDisk.isNew(failure)
            }
            guard isNew else { continue }
            self.logger.error(
                "The disk did not take results of durable idempotency keys; they are written to another file",
                metadata: ["path": "\(file.path)", "error": "\(failure)"])
        }
        self.state.withLock { state in
            if hasAll { state.files?.synced(movedFrom: movedFrom, state.outbox) }
            state.files?.rescue(&state.outbox)
        }
    }

    private var nowMs: Int { Int((ContinuousClock.now - self.began) / .milliseconds(1)) }

    /// Remembers a file that is left alone; false if that is known.
    func passOver(_ path: String) -> Bool { self.state.withLock { $0.passedOver.insert(path).inserted } }

    func isPassedOver(_ path: String) -> Bool { self.state.withLock { $0.passedOver.contains(path) } }
}

extension DurableOutbox.Failure {
    /// What a failed statement says about its data.
    init(_ error: any Error) {
        switch (error as? PostgresError)?.source {
        case .data, .constraint: self = .refused
        default: self = .away
        }
    }
}
