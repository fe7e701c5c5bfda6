import PostgresClient

/// What `tollgate seed` answers.
enum SeedText {
    static func text(_ data: SeedData, seed: UInt64, now: PostgresInstant) -> String {
        var keys = TextTable(("ORG", .left), ("ENV", .left), ("STATUS", .left), ("NAME", .left), ("KEY", .left))
        for key in data.keys {
            keys.add(key.org, key.environment.rawValue, key.isRevoked ? "revoked" : "active", key.name, key.text)
        }
        let counts = data.counts.map { "\($0.rows) \($0.table)" }.joined(separator: ", ")
        return """
            Seed \(seed), as of \(InstantText.full(now)): \(counts).
            The keys are shown this once:

            \(keys.text)
            """
    }

    static func json(_ data: SeedData, seed: UInt64, now: PostgresInstant) -> JSONValue {
        .object([
            ("seed", .text(String(seed))), ("now", .text(InstantText.full(now))),
            ("rows", .object(data.counts.map { ($0.table, .integer(Int64($0.rows))) })),
            (
                "keys",
                .list(
                    data.keys.map { key in
                        .object([
                            ("id", .text(key.id)), ("org", .text(key.org)), ("name", .text(key.name)),
                            ("environment", .text(key.environment.rawValue)),
                            ("status", .text(key.isRevoked ? "revoked" : "active")), ("key", .text(key.text)),
                        ])
                    })
            ),
        ])
    }
}
