import CPostgres
import Synchronization

/// Asks the server to end the statement that runs on a connection.
///
/// `PQcancel` opens a connection of its own and waits for the server without a limit, so it runs on the pool's
/// canceller thread, and the connection waits for it no longer than its grace.
final class CancelRequest: @unchecked Sendable {
    // Unchecked: a PGcancel is made to be used from another thread (libpq 34.7), and only `send` and `deinit` use it.
    private let handle: OpaquePointer
    private let sent = Atomic<Bool>(false)

    /// Nil if there is nothing to cancel any more.
    init?(connection: OpaquePointer) {
        guard let handle = PQgetCancel(connection) else { return nil }
        self.handle = handle
    }

    deinit { PQfreeCancel(self.handle) }

    /// True once the server has taken notice: only then may the connection run its next statement.
    var isSent: Bool { self.sent.load(ordering: .acquiring) }

    /// Blocks.
    func send(thenRaise signal: WakeSignal) {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { reason in
            _ = PQcancel(self.handle, reason.baseAddress, Int32(reason.count))
        }
        self.sent.store(true, ordering: .releasing)
        signal.raise()
    }
}
