public import Domain
public import Logging
public import PostgresClient
import Records
public import ServiceLifecycle
import Synchronization

/// Asks PostgreSQL about idempotency keys of durable routes, for the edge beside it.
///
/// Claims that arrive while a statement is under way share the next one: the dearest part of a claim is its commit, and
/// one commit serves all of a batch. Settlements are written behind the answer and tried again until they are written;
/// until then the key is `running` there, which can only refuse, never execute. Both queues are bounded: a claim too
/// many is answered `unavailable`, a settlement too many is dropped, counted and logged.
public final class DurableKeyStore: Service {
    private struct Wish: Sendable {
        let claim: DurableClaim
        let since: ContinuousClock.Instant
        let answer: @Sendable (DurableVerdict) -> Void
    }

    private struct State {
        var wishes: [Wish] = []
        var settlements: [DurableSettlement] = []
        var settlementBytes = 0
        /// Releases of claims whose statement ended without an answer, once more after a while: the first may have
        /// come before the claim.
        var again: [(at: ContinuousClock.Instant, settlement: DurableSettlement)] = []
        var isClosed = false
    }

    private let records: DurableClaims
    private let counters: WorkerCounters
    private let logger: Logger
    /// A wish that waited longer than the edge does is not asked any more.
    private let patience: Duration
    private let state = Mutex(State())
    private let claimBell = Bell()
    private let settleBell = Bell()

    private static let wishesMax = 4_096
    private static let batchMax = 128
    private static let settlementsMax = 65_536
    private static let settlementBytesMax = 256 << 20
    private static let settleBatchBytesMax = 8 << 20
    private static let againAfter = Duration.seconds(5)

    /// - Parameters:
    ///   - pool: of its own, with short time limits: nobody else's statements should hold up a claim.
    ///   - patienceMs: how long a claim may wait for its turn.
    public init(pool: PostgresPool, patienceMs: Int = 2_000, counters: WorkerCounters, logger: Logger) {
        self.patience = .milliseconds(patienceMs)
        self.records = DurableClaims(pool)
        self.counters = counters
        self.logger = logger
    }

    // MARK: From the edge, on any thread

    /// Asks for a claim; `answer` is called once, from anywhere.
    public func claim(_ claim: DurableClaim, answer: @escaping @Sendable (DurableVerdict) -> Void) {
        let isQueued = self.state.withLock { state in
            guard !state.isClosed, state.wishes.count < Self.wishesMax else { return false }
            state.wishes.append(Wish(claim: claim, since: .now, answer: answer))
            return true
        }
        guard isQueued else {
            self.counters.add(1, to: .durableRefused)
            return answer(.unavailable)
        }
        self.claimBell.ring()
    }

    /// Takes over what becomes of a claim.
    public func settle(_ settlement: DurableSettlement) {
        let isQueued = self.state.withLock { state in
            let bytes = settlement.byteCount
            guard state.settlements.count < Self.settlementsMax,
                state.settlementBytes + bytes <= Self.settlementBytesMax
            else { return false }
            state.settlements.append(settlement)
            state.settlementBytes += bytes
            return true
        }
        guard isQueued else {
            self.counters.add(1, to: .durableDropped)
            self.logger.error(
                "The result of a durable idempotency key was dropped: PostgreSQL has been away for too long",
                metadata: ["org_id": "\(settlement.claim.orgID)"])
            return
        }
        self.settleBell.ring()
    }

    /// Settlements that PostgreSQL has not confirmed.
    public var waiting: Int { self.state.withLock { $0.settlements.count } }

    // MARK: Work

    /// Works until shutdown, then writes what is left.
    public func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.answerWishes() }
            group.addTask { await self.writeSettlements() }
            group.addTask { await self.ringAtIntervals() }
            try? await gracefulShutdown()
            group.cancelAll()
        }
        let left = self.state.withLock { state in
            state.isClosed = true
            defer { state.wishes = [] }
            return state.wishes
        }
        for wish in left { wish.answer(.unavailable) }
        do {
            while try await self.writeOnce() {}
        } catch {
            self.logger.warning(
                "Results of durable idempotency keys could not be written; Redis has them",
                metadata: ["error": "\(error)", "count": "\(self.waiting)"])
        }
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
            let oldest = ContinuousClock.now - self.patience
            return (taken.filter { $0.since >= oldest }, taken.filter { $0.since < oldest })
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
            // What may have been granted is given back: nothing was forwarded under it.
            if !((error as? PostgresError)?.isRetryable ?? false) { self.giveBack(wishes.map(\.claim)) }
            for wish in wishes { wish.answer(.unavailable) }
        }
    }

    private func giveBack(_ claims: [DurableClaim]) {
        let later = ContinuousClock.now + Self.againAfter
        for claim in claims { self.settle(DurableSettlement(claim: claim, ending: .release)) }
        self.state.withLock { state in
            guard state.again.count + claims.count <= Self.settlementsMax else { return }
            for claim in claims { state.again.append((later, DurableSettlement(claim: claim, ending: .release))) }
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
        let batch = self.takeSettlements()
        guard !batch.isEmpty else { return false }
        do {
            try await self.records.settle(batch)
        } catch {
            self.state.withLock { state in
                state.settlements.insert(contentsOf: batch, at: 0)
                state.settlementBytes += batch.reduce(0) { $0 + $1.byteCount }
            }
            throw error
        }
        self.counters.add(batch.count, to: .durableSettled)
        return true
    }

    private func takeSettlements() -> [DurableSettlement] {
        self.state.withLock { state in
            var (count, bytes) = (0, 0)
            while count < min(Self.batchMax, state.settlements.count), count == 0 || bytes < Self.settleBatchBytesMax {
                bytes += state.settlements[count].byteCount
                count += 1
            }
            let taken = Array(state.settlements.prefix(count))
            state.settlements.removeFirst(count)
            state.settlementBytes -= bytes
            return taken
        }
    }

    private func ringAtIntervals() async {
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            let due = self.state.withLock { state in
                let now = ContinuousClock.now
                let due = state.again.filter { $0.at <= now }
                state.again.removeAll { $0.at <= now }
                return due
            }
            for (_, settlement) in due { self.settle(settlement) }
        }
    }
}
