import Control
import PostgresClient
import Records

/// Tokens made and revoked at the terminal, entered in the audit log like those of the API.
enum AdminTokenChange {
    private static let actor = "cli"

    /// - Throws: `RecordsError`.
    static func insert(_ fresh: FreshToken, _ pool: PostgresPool) async throws -> AdminToken {
        try await pool.withTransaction { session in
            let token = try await AdminTokens(session).insert(fresh.record)
            try await AuditLog(session).append(
                NewAuditEntry(
                    id: FreshID.make("aud_"), orgID: token.orgID, actor: Self.actor, action: "token.create",
                    target: token.id, after: AdminTokenText.json(token).text))
            return token
        }
    }

    /// - Returns: nil if there is no such token.
    static func revoke(_ id: String, _ pool: PostgresPool) async throws -> AdminToken? {
        try await pool.withTransaction { session in
            guard let token = try await AdminTokens(session).revoke(id, of: nil) else { return nil }
            try await AuditLog(session).append(
                NewAuditEntry(
                    id: FreshID.make("aud_"), orgID: nil, actor: Self.actor, action: "token.revoke", target: id,
                    after: AdminTokenText.json(token).text))
            return token
        }
    }
}
