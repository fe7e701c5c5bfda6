/// One connection for the time of a `withSession` or `withTransaction` closure. Statements run one after another.
public struct PostgresSession: Sendable {
    let connection: PostgresConnection
    let lease: UInt64

    /// Runs one statement.
    /// - Parameter timeout: client-side limit in place of the configured one.
    /// - Throws: ``PostgresError``.
    @discardableResult
    public func query(_ query: PostgresQuery, timeout: Duration? = nil) async throws -> PostgresResult {
        try await self.interruptible(timeout: self.limit(timeout)) { operation in
            try await self.connection.execute(query, lease: self.lease, operation)
        }
    }

    /// Runs trusted text of any number of statements, such as a migration; no limit in time of its own.
    /// - Throws: ``PostgresError``.
    @discardableResult
    public func script(_ sql: String) async throws -> PostgresResult {
        try await self.interruptible(timeout: nil) { operation in
            try await self.connection.execute(script: sql, lease: self.lease, operation)
        }
    }

    /// Bulk load by `COPY FROM STDIN`; all rows or, on an error, none. `produce` runs on the connection's thread.
    /// - Returns: rows loaded.
    /// - Throws: ``PostgresError``.
    @discardableResult
    public func copy(
        into table: String, columns: [String],
        _ produce: @Sendable @escaping (inout PostgresCopyWriter) throws -> Void
    ) async throws -> Int {
        try await self.interruptible(timeout: nil) { operation in
            try await self.connection.copy(
                into: table, columns: columns, lease: self.lease, operation, produce)
        }
    }

    /// Process id of the server's side, as in `pg_stat_activity`.
    public var backendPID: Int {
        get async throws {
            try await self.interruptible(timeout: self.limit(nil)) { operation in
                try await self.connection.backendPID(lease: self.lease, operation)
            }
        }
    }

    /// The connection is closed, not reused, when the session ends: for what cannot be undone, such as a changed
    /// role or a lock that must go.
    public func discard() async { await self.connection.discard(lease: self.lease) }

    /// The server ends a statement first; the client's own limit is for a server that does not answer at all.
    private func limit(_ timeout: Duration?) -> Duration? {
        let configuration = self.connection.configuration
        return timeout ?? configuration.statementTimeout.map { $0 + configuration.cancelGrace }
    }

    private func interruptible<Value: Sendable>(
        timeout: Duration?, _ body: (PostgresOperation) async throws -> Value
    ) async throws -> Value {
        let operation = PostgresOperation(signal: self.connection.signal, timeout: timeout)
        return try await withTaskCancellationHandler {
            try await body(operation)
        } onCancel: {
            operation.cancel()
        }
    }
}
