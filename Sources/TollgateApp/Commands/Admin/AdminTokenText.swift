import PostgresClient
import Records

/// Tokens in answers of the command line.
enum AdminTokenText {
    static func json(_ token: AdminToken) -> JSONValue {
        .object([
            ("id", .text(token.id)), ("kind", .text(token.kind.rawValue)), ("name", .text(token.name)),
            ("prefix", .text(token.prefix)), ("created_at", .text(InstantText.full(token.createdAt))),
            ("expires_at", .text(InstantText.full(token.expiresAt))), ("status", .text(Self.status(token))),
        ])
    }

    static func status(_ token: AdminToken) -> String {
        token.revokedAt != nil ? "revoked" : token.expiresAt <= .now ? "expired" : "active"
    }
}
