public import Digests
import Domain
public import Logging
import NIOPosix
public import PostgresClient
import Records
public import ServiceLifecycle
import Synchronization

/// Looks up keys that Redis does not know in PostgreSQL, and publishes what it finds. However many unknown keys clients
/// send, PostgreSQL is asked a bounded number of times a second, with a bounded number of questions under way; a key
/// that several loops ask for is looked up once.
///
/// A key that was imported as a bcrypt hash is recognised by its first characters, checked on a small pool of threads,
/// and from then on kept as its SHA-256 like every other.
public final class KeyFallbackResolver: Service {
    public enum Outcome: Sendable, Equatable {
        /// The key exists, and its records are in Redis now.
        case published
        case unknown
        /// Not looked up: there were too many at the moment.
        case refused
        /// PostgreSQL or Redis is away.
        case unavailable
    }

    private struct Question: Sendable {
        let digest: SHA256Digest
        let key: [UInt8]
    }

    private struct State {
        var rate: RateBound
        var bcryptRate: RateBound
        var answers: [SHA256Digest: [@Sendable (Outcome) -> Void]] = [:]
    }

    private let records: EdgeRecords
    private let keys: APIKeys
    private let publisher: EdgePublisher
    private let counters: WorkerCounters
    private let logger: Logger
    private let state: Mutex<State>
    private let questions: AsyncStream<Question>
    private let ask: AsyncStream<Question>.Continuation
    private let bcryptThreads = NIOThreadPool(numberOfThreads: 2)

    /// Questions under way or waiting; one more is refused.
    private static let questionsMax = 256
    private static let concurrency = 4
    /// Checks cost tens of milliseconds of a core each.
    private static let bcryptPerSecond = 20

    public init(
        pool: PostgresPool, publisher: EdgePublisher, perSecondMax: Int, counters: WorkerCounters, logger: Logger
    ) {
        self.records = EdgeRecords(pool)
        self.keys = APIKeys(pool)
        self.publisher = publisher
        self.counters = counters
        self.logger = logger
        let now = Self.nowNs()
        self.state = Mutex(
            State(
                rate: RateBound(perSecond: perSecondMax, nowNs: now),
                bcryptRate: RateBound(perSecond: Self.bcryptPerSecond, nowNs: now)))
        (self.questions, self.ask) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.questionsMax))
    }

    /// Asks about a key. From any thread; `answer` is called once, from anywhere.
    public func resolve(_ digest: SHA256Digest, key: [UInt8], answer: @escaping @Sendable (Outcome) -> Void) {
        enum Admission { case isNew, joined, refused }
        let admission = self.state.withLock { state -> Admission in
            if state.answers[digest] != nil {
                state.answers[digest]?.append(answer)
                return .joined
            }
            guard state.answers.count < Self.questionsMax, state.rate.take(nowNs: Self.nowNs()) else { return .refused }
            state.answers[digest] = [answer]
            return .isNew
        }
        switch admission {
        case .joined: return
        case .refused:
            self.counters.add(1, to: .keyLookupsRefused)
            answer(.refused)
        case .isNew:
            if case .enqueued = self.ask.yield(Question(digest: digest, key: key)) { return }
            self.settle(digest, .refused)
        }
    }

    /// Answers questions until shutdown, and refuses those left then.
    public func run() async throws {
        self.bcryptThreads.start()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.concurrency {
                group.addTask { await self.answerQuestions() }
            }
            try? await gracefulShutdown()
            self.ask.finish()
            group.cancelAll()
        }
        try? await self.bcryptThreads.shutdownGracefully()
        let left = self.state.withLock { Array($0.answers.keys) }
        for digest in left { self.settle(digest, .unavailable) }
    }

    private func answerQuestions() async {
        for await question in self.questions {
            var outcome = Outcome.unavailable
            do {
                self.counters.add(1, to: .keyLookups)
                outcome = try await self.lookUp(question)
            } catch {
                self.logger.warning("A key could not be looked up", metadata: ["error": "\(error)"])
            }
            self.settle(question.digest, outcome)
        }
    }

    private func lookUp(_ question: Question) async throws -> Outcome {
        let hash = question.digest.hexText
        if let record = try await self.records.find(keyHash: hash) {
            try await self.publisher.publish(record)
            return .published
        }
        return try await self.tryImported(question, hash: hash)
    }

    private func tryImported(_ question: Question, hash: String) async throws -> Outcome {
        guard question.key.count >= 12, question.key.count <= BcryptHash.passwordBytesMax else { return .unknown }
        let prefix = String(decoding: question.key.prefix(12), as: UTF8.self)
        for candidate in try await self.records.bcryptCandidates(prefix: prefix) {
            guard self.state.withLock({ $0.bcryptRate.take(nowNs: Self.nowNs()) }) else { return .refused }
            self.counters.add(1, to: .bcryptChecks)
            let stored = candidate.key.material.hash
            let key = question.key
            let matches = try await self.bcryptThreads.runIfActive {
                try BcryptHash.verify(key.span, hash: stored)
            }
            guard matches else { continue }
            _ = try await self.keys.upgrade(candidate.key.record.keyID, sha256: hash)
            guard let record = try await self.records.find(keyHash: hash) else { return .unknown }
            try await self.publisher.publish(record)
            self.logger.notice(
                "An imported key was used for the first time", metadata: ["api_key_id": "\(record.key.record.keyID)"])
            return .published
        }
        return .unknown
    }

    private func settle(_ digest: SHA256Digest, _ outcome: Outcome) {
        let answers = self.state.withLock { $0.answers.removeValue(forKey: digest) ?? [] }
        for answer in answers { answer(outcome) }
    }

    private static func nowNs() -> Int {
        let (seconds, attoseconds) = (ContinuousClock.now - Self.origin).components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
    }

    private static let origin = ContinuousClock.now
}
