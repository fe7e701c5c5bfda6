import PostgresClient

extension CommandFailure {
    /// A failure of PostgreSQL, with what to do about it.
    init(postgres error: PostgresError) {
        if [.unreachable, .authentication, .connectionLost].contains(error.source) {
            self.init(
                "PostgreSQL cannot be reached: \(error.message)",
                hint: error.hint ?? "Is it running, and is its address right (--database-url)?", status: .unreachable)
        } else if error.source == .configuration {
            self.init("The address of PostgreSQL cannot be used: \(error.message)", hint: error.hint, status: .usage)
        } else if error.sqlState == "42P01" {
            self.init("The database has no Tollgate schema: \(error.message)", hint: "Run: tollgate migrate")
        } else {
            self.init("PostgreSQL: \(error.message)", hint: error.hint ?? error.detail)
        }
    }
}
