import CPostgres

extension LibpqConnection {
    /// Loads rows into a table; all or, on any error, none.
    /// - Returns: rows loaded.
    func copy(
        into table: String, columns: [String], _ operation: PostgresOperation,
        _ produce: (inout PostgresCopyWriter) throws -> Void
    ) throws(PostgresError) -> Int {
        try operation.check()
        let names = columns.map(\.quotedIdentifier).joined(separator: ", ")
        let sql = "COPY \(table.quotedIdentifier) (\(names)) FROM STDIN"
        let flight = Flight(operation, query: sql)
        guard PQsendQuery(self.pointer, sql) == 1 else { throw self.lost(sql) }
        try self.flush(flight)
        try self.beginCopy(flight)

        let problem = self.feed(columns.count, flight, produce)
        guard !self.isBroken else { throw problem ?? self.lost(sql) }
        let ended =
            problem == nil ? PQputCopyEnd(self.pointer, nil) : PQputCopyEnd(self.pointer, "stopped by the client")
        guard ended >= 0 else { throw self.lost(sql) }
        try self.flush(flight)
        let affected: Int
        do throws(PostgresError) {
            affected = try self.collect(flight).affected
        } catch {
            // The server's word for our own stop is "COPY failed": the cause says more.
            throw problem ?? error
        }
        if let problem { throw problem }
        return affected
    }

    /// Waits until the server takes rows.
    private func beginCopy(_ flight: Flight) throws(PostgresError) {
        guard let first = try self.nextResult(flight) else { throw self.lost(flight.query) }
        defer { PQclear(first) }
        guard PQresultStatus(first) != PGRES_COPY_IN else { return }
        let refusal = flight.told(PostgresError(result: first, query: flight.query))
        while let further = try self.nextResult(flight) { PQclear(further) }
        self.land(flight)
        throw refusal
    }

    /// Runs the producer; its error, or the connection's.
    private func feed(
        _ columns: Int, _ flight: Flight, _ produce: (inout PostgresCopyWriter) throws -> Void
    ) -> PostgresError? {
        let send = { (bytes: UnsafeRawBufferPointer) throws in try self.put(bytes, flight) }
        do {
            var writer = PostgresCopyWriter(columns: columns, send: send)
            try produce(&writer)
            try writer.flush()
            return nil
        } catch let error as PostgresError {
            return error
        } catch {
            return PostgresError(.misuse, "the rows could not be produced: \(error)")
        }
    }

    private func put(_ bytes: UnsafeRawBufferPointer, _ flight: Flight) throws(PostgresError) {
        guard !bytes.isEmpty else { return }
        while true {
            let taken = PQputCopyData(
                self.pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
            guard taken >= 0 else { throw self.lost(flight.query) }
            try self.flush(flight)
            guard !flight.operation.isCancelled else { throw flight.ended(.cancelled, "the load was stopped") }
            guard PQstatus(self.pointer) == CONNECTION_OK else { throw self.lost(flight.query) }
            if taken == 1 { return }
        }
    }
}
