import Synchronization

/// A bounded set of connections to one database.
///
/// Every connection runs on a thread of its own, so no event loop and no thread of Swift's pool ever waits for the
/// server. Callers beyond the bound queue up first come, first served, with a bound and a time limit of their own.
/// A connection lost to a restart of the server is made anew at its next use. Nothing connects before the first use.
public final class PostgresPool: Sendable {
    /// What the pool was made with.
    public let configuration: PostgresConfiguration
    private let machine: Mutex<PoolMachine<PostgresConnection, PoolWaiter>>
    let canceller = PostgresThread()

    /// Makes the pool without connecting.
    public init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
        let canceller = self.canceller
        let connections = (0..<max(1, configuration.connectionsMax)).map { _ in
            PostgresConnection(configuration, canceller: canceller)
        }
        self.machine = Mutex(PoolMachine(slots: connections, waitersMax: configuration.waitersMax))
    }

    deinit { self.canceller.retire() }

    /// Runs one statement on any connection.
    /// - Throws: ``PostgresError``.
    @discardableResult
    public func query(_ query: PostgresQuery) async throws -> PostgresResult {
        try await self.withSession { try await $0.query(query) }
    }

    /// Lends a connection to `body`. A transaction left open is rolled back afterwards.
    /// - Throws: ``PostgresError``, or what `body` throws.
    public func withSession<Value>(_ body: (PostgresSession) async throws -> Value) async throws -> Value {
        let connection = try await self.acquire()
        let session = PostgresSession(connection: connection, lease: connection.startLease())
        do {
            let value = try await body(session)
            await self.release(connection)
            return value
        } catch {
            await self.release(connection)
            throw error
        }
    }

    /// Refuses callers from now on, those in the queue too, and disconnects; leased connections when they return.
    public func close() async {
        let (idle, waiting) = self.machine.withLock { $0.close() }
        for waiter in waiting { waiter.settle(.failure(Self.closed)) }
        for connection in idle { await connection.disconnect() }
    }

    /// Callers in the queue at this moment.
    public var waiterCount: Int { self.machine.withLock { $0.waiterCount } }

    private func release(_ connection: PostgresConnection) async {
        await connection.tidy()
        _ = connection.startLease()
        switch self.machine.withLock({ $0.release(connection) }) {
        case .park: break
        case .hand(let connection, let waiter): waiter.settle(.success(connection))
        case .disconnect(let connection): await connection.disconnect()
        }
    }

    private func acquire() async throws -> PostgresConnection {
        guard !Task.isCancelled else { throw PostgresError(.cancelled, "the task was cancelled") }
        let waiter = PoolWaiter()
        switch self.machine.withLock({ $0.want(by: waiter) }) {
        case .lease(let connection): return connection
        case .refuseClosed: throw Self.closed
        case .refuseFull:
            throw PostgresError(
                .busy,
                "all \(self.configuration.connectionsMax) connections are in use and "
                    + "\(self.configuration.waitersMax) callers wait already",
                hint: "raise the pool size, or shorten transactions")
        case .wait: return try await self.await(waiter)
        }
    }

    /// Waits for the hand-over; gives up with the task or at the time limit. A connection handed over in the same
    /// moment wins, so none is lost.
    private func await(_ waiter: PoolWaiter) async throws -> PostgresConnection {
        try await withThrowingTaskGroup(of: PostgresConnection?.self) { group in
            group.addTask {
                try await withTaskCancellationHandler {
                    try await waiter.value()
                } onCancel: {
                    self.dismiss(waiter, PostgresError(.cancelled, "the task was cancelled in the pool's queue"))
                }
            }
            group.addTask {
                guard (try? await Task.sleep(for: self.configuration.acquireTimeout)) != nil else { return nil }
                self.dismiss(waiter, self.overdue)
                return nil
            }
            while let outcome = try await group.next() {
                guard let connection = outcome else { continue }
                group.cancelAll()
                return connection
            }
            throw Self.closed
        }
    }

    private func dismiss(_ waiter: PoolWaiter, _ error: PostgresError) {
        if self.machine.withLock({ $0.giveUp(waiter) }) { waiter.settle(.failure(error)) }
    }

    private var overdue: PostgresError {
        PostgresError(
            .busy,
            "no connection came free within \(self.configuration.acquireTimeout); "
                + "all \(self.configuration.connectionsMax) are in use",
            hint: "raise the pool size, or shorten transactions")
    }

    private static let closed = PostgresError(.closed, "the connection pool is closed")
}
