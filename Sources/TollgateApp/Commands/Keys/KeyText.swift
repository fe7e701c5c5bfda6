import Domain
import PostgresClient
import Records

/// API keys as answers of the commands. The key itself is never among what is known of it.
enum KeyText {
    static func table(_ keys: [APIKey]) -> String {
        var table = TextTable(
            ("ID", .left), ("PREFIX", .left), ("ENV", .left), ("STATUS", .left), ("CREATED", .left),
            ("LAST USED", .left), ("NAME", .left))
        for key in keys {
            table.add(
                key.id, key.material.prefix, key.environment.rawValue, Self.status(key),
                InstantText.full(key.createdAt),
                key.lastUsedAt.map(InstantText.full) ?? "-", key.name)
        }
        return table.text
    }

    static func json(_ key: APIKey, secret: String? = nil) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("id", .text(key.id)), ("org_id", .text(key.orgID)), ("user_id", .optional(key.userID)),
            ("name", .text(key.name)), ("prefix", .text(key.material.prefix)),
            ("hash_algorithm", .text(key.material.algorithm.rawValue)),
            ("environment", .text(key.environment.rawValue)),
            ("status", .text(Self.status(key))), ("scopes", .list(key.scopes.map { .text($0) })),
            ("created_at", .text(InstantText.full(key.createdAt))),
            ("last_used_at", .optional(key.lastUsedAt.map(InstantText.full))),
            ("expires_at", .optional(key.expiresAt.map(InstantText.full))),
            ("revoked_at", .optional(key.revokedAt.map(InstantText.full))),
            ("rotated_from", .optional(key.rotatedFrom)),
        ]
        if let secret { members.insert(("key", .text(secret)), at: 1) }
        return .object(members)
    }

    /// `active`, `expired` or `revoked`.
    static func status(_ key: APIKey) -> String {
        if key.status == .active, let expiry = key.expiresAt, expiry <= .now { return "expired" }
        return key.status.rawValue
    }

    /// A key just made: the key alone on standard output, so that a script can keep it; all else beside it.
    static func answer(_ key: APIKey, secret: String, json: Bool, note: String) {
        if json {
            StandardOutput.line(Self.json(key, secret: secret).text)
        } else {
            StandardError.line("\(note) \(key.id) (\(key.environment.rawValue)). The key is shown this once:")
            StandardOutput.line(secret)
        }
    }
}
