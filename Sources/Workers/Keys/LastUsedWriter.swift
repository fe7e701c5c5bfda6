public import Logging
public import PostgresClient
import Records
public import ServiceLifecycle
import Synchronization

/// Keeps `last_used_at` without a write per request: uses are collected in memory and written in batches, each key at
/// most once a minute. What a crash loses is the last minute's accuracy of a date.
public final class LastUsedWriter: Service {
    private struct State {
        /// Key id → last use not yet written, Unix milliseconds.
        var waiting: [String: Int] = [:]
        /// Key id → last use that was written.
        var written: [String: Int] = [:]
    }

    private let keys: APIKeys
    private let interval: Duration
    private let counters: WorkerCounters
    private let logger: Logger
    private let state = Mutex(State())

    /// Keys remembered at a time; uses of further keys wait for the next round.
    private static let keysMax = 100_000
    private static let writeIntervalMs = 60_000
    private static let batchMax = 5_000

    public init(pool: PostgresPool, intervalMs: Int, counters: WorkerCounters, logger: Logger) {
        self.keys = APIKeys(pool)
        self.interval = .milliseconds(intervalMs)
        self.counters = counters
        self.logger = logger
    }

    /// Notes that a key was used at a time (Unix milliseconds). From any thread; does not wait.
    public func note(_ keyID: String, atMs: Int) {
        self.state.withLock { state in
            if let known = state.waiting[keyID] {
                if atMs > known { state.waiting[keyID] = atMs }
            } else if state.waiting.count < Self.keysMax {
                state.waiting[keyID] = atMs
            }
        }
    }

    /// Writes at intervals until shutdown, and once more then.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var trouble = Trouble("The last use of keys cannot be written; trying again", logger: self.logger)
            while !Task.isCancelled {
                try await Task.sleep(for: self.interval)
                do {
                    try await self.flush()
                    trouble.over()
                } catch {
                    await trouble.happened(error)
                }
            }
        }
        _ = try? await self.flush()
    }

    /// Writes what is due. Returns how many keys that were.
    @discardableResult
    public func flush() async throws -> Int {
        var total = 0
        while true {
            let due = self.takeDue()
            guard !due.isEmpty else { return total }
            do {
                try await self.keys.touch(
                    due.map { ($0.key, PostgresInstant(unixMicroseconds: Int64($0.value) * 1_000)) })
            } catch {
                for (id, at) in due { self.note(id, atMs: at) }
                throw error
            }
            self.remember(due)
            total += due.count
            self.counters.add(due.count, to: .lastUsedWrites)
        }
    }

    private func takeDue() -> [(key: String, value: Int)] {
        self.state.withLock { state in
            var taken: [(key: String, value: Int)] = []
            for (id, at) in state.waiting where at - (state.written[id] ?? 0) >= Self.writeIntervalMs {
                taken.append((id, at))
                if taken.count == Self.batchMax { break }
            }
            for (id, _) in taken { state.waiting[id] = nil }
            return taken
        }
    }

    private func remember(_ written: [(key: String, value: Int)]) {
        self.state.withLock { state in
            // Forgetting everything costs one write more for each key, once.
            if state.written.count + written.count > Self.keysMax { state.written = [:] }
            for (id, at) in written { state.written[id] = at }
        }
    }
}
