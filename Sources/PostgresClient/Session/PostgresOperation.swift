import Synchronization

/// One call on a connection, as those who may end it early see it.
final class PostgresOperation: Sendable {
    /// When the client gives up waiting for the server; nil: never.
    let deadline: ContinuousClock.Instant?
    private let cancelled = Atomic<Bool>(false)
    private let signal: WakeSignal

    init(signal: WakeSignal, timeout: Duration?) {
        self.signal = signal
        self.deadline = timeout.map { ContinuousClock.now + $0 }
    }

    var isCancelled: Bool { self.cancelled.load(ordering: .acquiring) }

    /// Called by the cancelling task, on any thread.
    func cancel() {
        self.cancelled.store(true, ordering: .releasing)
        self.signal.raise()
    }

    /// - Throws: `cancelled` if the task was.
    func check() throws(PostgresError) {
        guard !self.isCancelled else {
            throw PostgresError(.cancelled, "the task was cancelled before the statement was sent")
        }
    }
}
