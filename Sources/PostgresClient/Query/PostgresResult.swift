import CPostgres

/// What a statement gave back: its rows, and how many rows it touched.
public struct PostgresResult: Sendable {
    let storage: Storage
    /// Rows inserted, updated, deleted, copied or selected.
    public let affected: Int

    /// Owns libpq's result.
    final class Storage: @unchecked Sendable {
        // Unchecked: libpq documents a received PGresult as read-only (chapter 34.20), and nothing here writes to it.
        let pointer: OpaquePointer
        let query: String
        let columns: [String]

        init(owning pointer: OpaquePointer, query: String) {
            self.pointer = pointer
            self.query = query
            self.columns = (0..<PQnfields(pointer)).map { column in
                PQfname(pointer, column).map { String(cString: $0) } ?? ""
            }
        }

        deinit { PQclear(self.pointer) }
    }

    init(owning pointer: OpaquePointer, query: String) {
        self.storage = Storage(owning: pointer, query: query)
        self.affected = PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0
    }

    /// The columns' names.
    public var columns: [String] { self.storage.columns }

    /// The only row of a statement that gives exactly one.
    /// - Throws: ``PostgresError`` `data` for none or several.
    public func only() throws(PostgresError) -> PostgresRow {
        guard let row = self.first, self.count == 1 else {
            var error = PostgresError(.data, "expected one row, got \(self.count)")
            error.query = self.storage.query
            throw error
        }
        return row
    }
}

extension PostgresResult: RandomAccessCollection {
    /// The first row.
    public var startIndex: Int { 0 }
    /// Past the last row.
    public var endIndex: Int { Int(PQntuples(self.storage.pointer)) }
    /// A row.
    public subscript(position: Int) -> PostgresRow { PostgresRow(storage: self.storage, index: Int32(position)) }
}
