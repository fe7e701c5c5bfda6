public import PostgresClient

/// Where repositories run their statements: a pool (each call by itself), or a session inside a transaction, so that
/// several repositories change records together or not at all:
/// ```swift
/// try await pool.withTransaction { session in
///     try await APIKeys(session).revoke(id, of: org)
///     try await AuditLog(session).append(entry)
/// }
/// ```
public protocol RecordsDatabase: Sendable {
    /// Runs one statement.
    func run(_ query: PostgresQuery) async throws -> PostgresResult
    /// Runs several as one: in a transaction of its own, or in the one that is open.
    func atomically<Value>(_ body: (PostgresSession) async throws -> Value) async throws -> Value
}

extension PostgresPool: RecordsDatabase {
    /// On any connection.
    public func run(_ query: PostgresQuery) async throws -> PostgresResult { try await self.query(query) }
    /// In a new transaction, tried again after a deadlock.
    public func atomically<Value>(_ body: (PostgresSession) async throws -> Value) async throws -> Value {
        try await self.withTransaction(body)
    }
}

extension PostgresSession: RecordsDatabase {
    /// On this connection.
    public func run(_ query: PostgresQuery) async throws -> PostgresResult { try await self.query(query) }
    /// In the transaction that the caller has opened.
    public func atomically<Value>(_ body: (PostgresSession) async throws -> Value) async throws -> Value {
        try await body(self)
    }
}

extension RecordsDatabase {
    /// One statement, its refusals told as ``RecordsError``.
    @discardableResult
    func ask(_ query: PostgresQuery) async throws -> PostgresResult {
        do {
            return try await self.run(query)
        } catch let error as PostgresError {
            throw RecordsError(error) ?? error
        }
    }

    /// Several statements as one, their refusals told as ``RecordsError``; some rules are only checked at the commit.
    func together<Value>(_ body: (PostgresSession) async throws -> Value) async throws -> Value {
        do {
            return try await self.atomically(body)
        } catch let error as PostgresError {
            throw RecordsError(error) ?? error
        }
    }
}
