import CPostgres

extension PostgresError {
    /// Reads the server's error fields out of a failed result.
    init(result: OpaquePointer, query: String?) {
        func field(_ code: Character) -> String? {
            guard let scalar = code.asciiValue, let text = PQresultErrorField(result, Int32(scalar)) else { return nil }
            return String(cString: text)
        }
        let state = field("C")
        self.init(
            PostgresError.source(sqlState: state),
            field("M") ?? String(cString: PQresultErrorMessage(result)).trimmedTail, hint: field("H"))
        self.sqlState = state
        self.detail = field("D")
        self.constraint = field("n")
        self.table = field("t")
        self.column = field("c")
        self.query = query
    }

    /// The same error, told as another kind.
    func retold(as source: Source, _ message: String) -> PostgresError {
        var error = PostgresError(source, message, hint: self.hint)
        error.sqlState = self.sqlState
        error.detail = self.detail
        error.query = self.query
        return error
    }

    /// Kind by SQLSTATE (PostgreSQL documentation, appendix A).
    static func source(sqlState: String?) -> Source {
        guard let sqlState else { return .connectionLost }
        switch sqlState {
        case "40001", "40P01": return .serialization
        case "57014", "55P03", "25P03": return .timeout
        case "57P01", "57P02", "57P04", "57P05": return .connectionLost
        case "57P03", "53300": return .unreachable
        case "3D000": return .authentication
        default: break
        }
        switch sqlState.prefix(2) {
        case "23": return .constraint
        case "22": return .data
        case "28": return .authentication
        case "08": return .connectionLost
        default: return .statement
        }
    }

    /// Kind of a refused connection. libpq 15 gives no SQLSTATE for those, only the server's text; with
    /// `lc_messages` other than English an authentication failure is therefore told as unreachable.
    static func connecting(_ reason: String, to configuration: PostgresConfiguration) -> PostgresError {
        let refusals = [
            "authentication failed", "no password supplied", "no pg_hba.conf entry", "does not exist",
            "is not permitted to log in", "permission denied for database", "certificate",
        ]
        // A missing socket file is "No such file or directory"; a missing role or database "does not exist".
        if reason.contains("FATAL") || reason.contains("no password supplied"),
            refusals.contains(where: { reason.contains($0) })
        {
            return PostgresError(
                .authentication, "\(configuration.address) refused us: \(reason.singleLine(charactersMax: 500))",
                hint: "check user, password, database name and pg_hba.conf")
        }
        return PostgresError(
            .unreachable,
            "no server answers at \(configuration.address): \(reason.singleLine(charactersMax: 500))",
            hint: "start it (Debian: `service postgresql start`), or correct the database address")
    }
}
