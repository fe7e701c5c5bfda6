import CPostgres

extension LibpqConnection {
    /// Runs one statement with parameters and takes its rows.
    func execute(_ query: PostgresQuery, _ operation: PostgresOperation) throws(PostgresError) -> PostgresResult {
        try operation.check()
        let sql = query.sql
        let parameters = query.parameters
        try Self.checkSendable(sql, parameters)
        let flight = Flight(operation, query: sql)
        guard self.send(sql, parameters) else { throw self.lost(sql) }
        return try self.finish(flight)
    }

    /// Runs text of any number of statements; the result is the last one's.
    func execute(script: String, _ operation: PostgresOperation) throws(PostgresError) -> PostgresResult {
        try operation.check()
        try Self.checkSendable(script, [])
        let flight = Flight(operation, query: script)
        guard PQsendQuery(self.pointer, script) == 1 else { throw self.lost(script) }
        return try self.finish(flight)
    }

    private func finish(_ flight: Flight) throws(PostgresError) -> PostgresResult {
        try self.flush(flight)
        return try self.collect(flight)
    }

    /// Takes all results: the last good one, or the first error.
    func collect(_ flight: Flight) throws(PostgresError) -> PostgresResult {
        var last: PostgresResult?
        var failure: PostgresError?
        while let result = try self.nextResult(flight) {
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE, PGRES_EMPTY_QUERY:
                last = PostgresResult(owning: result, query: flight.query)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                PQclear(result)
                self.markBroken()
                throw PostgresError(
                    .misuse, "COPY cannot be run as a query", hint: "use copy(into:columns:) of the session")
            default:
                if failure == nil { failure = flight.told(PostgresError(result: result, query: flight.query)) }
                PQclear(result)
            }
            // A connection that has died keeps giving the same error.
            if PQstatus(self.pointer) == CONNECTION_BAD { break }
        }
        self.land(flight)
        if PQstatus(self.pointer) == CONNECTION_BAD { self.markBroken() }
        if let failure { throw failure }
        guard let last else { throw self.lost(flight.query) }
        return last
    }

    private func send(_ sql: String, _ parameters: [PostgresParameter]) -> Bool {
        // All values lie in one buffer, each followed by a zero byte, which text parameters need.
        var bytes: [UInt8] = []
        var starts: [Int] = []
        bytes.reserveCapacity(parameters.reduce(0) { $0 + ($1.bytes?.count ?? 0) + 1 })
        for parameter in parameters {
            starts.append(bytes.count)
            bytes.append(contentsOf: parameter.bytes ?? [])
            bytes.append(0)
        }
        let types = parameters.map { Oid($0.type.oid) }
        let lengths = parameters.map { Int32($0.bytes?.count ?? 0) }
        let formats = parameters.map(\.format.rawValue)
        return bytes.withUnsafeBytes { bytes in
            let values = zip(parameters, starts).map { parameter, start in
                parameter.bytes == nil
                    ? nil : bytes.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) }
            }
            return PQsendQueryParams(
                self.pointer, sql, Int32(parameters.count), types, values, lengths, formats, 1) == 1
        }
    }

    /// A zero byte would cut the text short, and the rest of a value would silently be missing.
    private static func checkSendable(_ sql: String, _ parameters: [PostgresParameter]) throws(PostgresError) {
        guard parameters.count <= 65_535 else {
            throw PostgresError(
                .misuse, "a statement takes 65535 parameters at most, this one has \(parameters.count)",
                hint: "pass an array, e.g. `= ANY(\\(ids))`")
        }
        let hasZero =
            sql.utf8.contains(0)
            || parameters.contains { $0.format == .text && ($0.bytes?.contains(0) ?? false) }
        guard !hasZero else {
            throw PostgresError(
                .data, "text with a zero character cannot be stored", hint: "remove U+0000, or use bytea")
        }
    }
}
