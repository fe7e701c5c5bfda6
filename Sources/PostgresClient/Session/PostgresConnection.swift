import Synchronization

/// One place for a connection to the server: connects when first needed, again after a loss, and runs everything on
/// its own thread. Leased to one session at a time.
actor PostgresConnection {
    nonisolated let thread = PostgresThread()
    nonisolated let signal = WakeSignal()
    nonisolated let configuration: PostgresConfiguration
    /// The lease that may use the connection; raised on every hand-over, so an old session is told off.
    nonisolated let lease = Atomic<UInt64>(0)
    private let canceller: PostgresThread
    private var link: LibpqConnection?
    /// The lease that has found or made the present link. One lease never goes on over a second link: what it had
    /// (transaction, locks, settings) died with the first.
    private var attachedLease: UInt64 = 0
    private var isDiscarded = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { self.thread.asUnownedSerialExecutor() }

    init(_ configuration: PostgresConfiguration, canceller: PostgresThread) {
        self.configuration = configuration
        self.canceller = canceller
    }

    deinit { self.thread.retire() }

    /// Takes the connection for a new session; the number to give with every call.
    nonisolated func startLease() -> UInt64 { self.lease.add(1, ordering: .acquiringAndReleasing).newValue }

    func execute(
        _ query: PostgresQuery, lease: UInt64, _ operation: PostgresOperation
    ) throws(PostgresError) -> PostgresResult {
        try self.using(lease, operation) { link throws(PostgresError) in try link.execute(query, operation) }
    }

    func execute(
        script: String, lease: UInt64, _ operation: PostgresOperation
    ) throws(PostgresError) -> PostgresResult {
        try self.using(lease, operation) { link throws(PostgresError) in
            try link.execute(script: script, operation)
        }
    }

    func copy(
        into table: String, columns: [String], lease: UInt64, _ operation: PostgresOperation,
        _ produce: @Sendable (inout PostgresCopyWriter) throws -> Void
    ) throws(PostgresError) -> Int {
        try self.using(lease, operation) { link throws(PostgresError) in
            try link.copy(into: table, columns: columns, operation, produce)
        }
    }

    func backendPID(lease: UInt64, _ operation: PostgresOperation) throws(PostgresError) -> Int {
        try self.using(lease, operation) { link throws(PostgresError) in link.backendPID }
    }

    /// Commits the lease's transaction. Not interruptible: the answer matters.
    func commit(lease: UInt64) throws(PostgresError) {
        let operation = PostgresOperation(signal: self.signal, timeout: self.configuration.statementTimeout)
        try self.using(lease, operation) { link throws(PostgresError) in
            guard link.isInTransaction else {
                throw PostgresError(
                    .statement, "the transaction had failed or ended before its commit; nothing of it was kept",
                    hint: "do not catch a statement's error inside a transaction and go on, nor run COMMIT in it")
            }
            _ = try link.execute("COMMIT", operation)
        }
    }

    /// Rolls the lease's transaction back, even for a cancelled task.
    func rollback(lease: UInt64) {
        guard self.lease.load(ordering: .acquiring) == lease else { return }
        self.endTransaction()
    }

    /// Closes the connection at the end of the lease.
    func discard(lease: UInt64) {
        if self.attachedLease == lease { self.isDiscarded = true }
    }

    /// Ends a lease: an open transaction is rolled back, a connection in doubt is closed.
    func tidy() {
        defer { self.isDiscarded = false }
        guard let link, !self.isDiscarded, !link.isBroken else { return self.link = nil }
        self.endTransaction()
    }

    private func endTransaction() {
        guard let link, !link.isIdle else { return }
        let operation = PostgresOperation(signal: self.signal, timeout: self.configuration.cancelGrace)
        _ = try? link.execute("ROLLBACK", operation)
        if link.isBroken || !link.isIdle { self.link = nil }
    }

    /// Closes the connection.
    func disconnect() { self.link = nil }

    private func using<Value>(
        _ lease: UInt64, _ operation: PostgresOperation,
        _ body: (LibpqConnection) throws(PostgresError) -> Value
    ) throws(PostgresError) -> Value {
        guard self.lease.load(ordering: .acquiring) == lease else {
            throw PostgresError(.misuse, "the session was used after its closure had returned")
        }
        let link = try self.linked(lease, operation)
        defer { if link.isBroken { self.link = nil } }
        return try body(link)
    }

    private func linked(_ lease: UInt64, _ operation: PostgresOperation) throws(PostgresError) -> LibpqConnection {
        if self.attachedLease == lease {
            guard let link else {
                throw PostgresError(.connectionLost, "the session's connection was lost at an earlier statement")
            }
            return link
        }
        try operation.check()
        if let link, link.isIdle, link.isAlive() {
            self.attachedLease = lease
            return link
        }
        self.link = nil
        let fresh = try LibpqConnection.connect(
            self.configuration, operation: operation, signal: self.signal, canceller: self.canceller)
        self.link = fresh
        self.attachedLease = lease
        return fresh
    }
}
