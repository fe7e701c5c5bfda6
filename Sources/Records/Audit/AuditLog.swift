import PostgresClient

/// Who changed what. Rows are only added, and each carries the hash of the one before it.
///
/// Appending locks the end of the chain until the commit: append last in a transaction.
public struct AuditLog: Sendable {
    let database: any RecordsDatabase

    /// On a pool, or in the transaction of the change that is told of.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// Adds an entry.
    public func append(_ entry: NewAuditEntry) async throws {
        try await self.database.ask(
            """
            INSERT INTO audit_log (id, org_id, actor, action, target, before, after, ip, request_id)
            VALUES (\(entry.id), \(entry.orgID), \(entry.actor), \(entry.action), \(entry.target), \(entry.before),
                \(entry.after), \(entry.ip), \(entry.requestID))
            """)
    }

    /// An org's entries, newest first.
    /// - Parameter before: the last `sequence` of the page before.
    public func list(of orgID: String, before: Int64 = .max, limit: Int = 100) async throws -> [AuditEntry] {
        try await self.database.ask(
            """
            SELECT seq, id, org_id, actor, action, target, before, after, ip, request_id, created_at, hash
            FROM audit_log WHERE org_id = \(orgID) AND seq < \(before) ORDER BY seq DESC LIMIT \(limit)
            """
        ).map { row in
            AuditEntry(
                sequence: try row["seq"],
                entry: NewAuditEntry(
                    id: try row["id"], orgID: try row["org_id"], actor: try row["actor"], action: try row["action"],
                    target: try row["target"], before: try row["before"], after: try row["after"], ip: try row["ip"],
                    requestID: try row["request_id"]),
                createdAt: try row["created_at"], hash: try row["hash"])
        }
    }

    /// Rows in the chain, as its end tells.
    public func length() async throws -> Int64 {
        try await self.database.ask("SELECT seq FROM audit_head").only()["seq"]
    }

    /// Walks the whole chain; empty if the log is as it was written.
    public func check() async throws -> [AuditProblem] {
        try await self.database.ask("SELECT seq, problem FROM audit_log_check()")
            .map { AuditProblem(sequence: try $0["seq"], problem: try $0["problem"]) }
    }
}
