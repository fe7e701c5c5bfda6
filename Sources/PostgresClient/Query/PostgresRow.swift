import CPostgres

/// One row of a result. Rows keep their whole result alive; copy values out to keep them long.
public struct PostgresRow: Sendable {
    let storage: PostgresResult.Storage
    let index: Int32

    /// A column by name: `try row["name", as: String.self]`.
    /// - Throws: ``PostgresError`` `misuse` for an unknown column, `data` for a value that does not fit.
    public subscript<Value: PostgresDecodable>(_ name: String, as type: Value.Type = Value.self) -> Value {
        get throws(PostgresError) {
            guard let column = self.storage.columns.firstIndex(of: name) else {
                throw self.told(
                    PostgresError(
                        .misuse,
                        "the result has no column `\(name)`; it has: "
                            + self.storage.columns.joined(separator: ", ")), column: name)
            }
            return try self.decode(column, as: type)
        }
    }

    /// A column by position, from 0.
    /// - Throws: ``PostgresError`` as the subscript does.
    public func decode<Value: PostgresDecodable>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        guard self.storage.columns.indices.contains(column) else {
            throw self.told(PostgresError(.misuse, "the result has no column \(column)"), column: String(column))
        }
        do {
            return try Value(postgres: self.cell(Int32(column)))
        } catch {
            throw self.told(error, column: self.storage.columns[column])
        }
    }

    private func cell(_ column: Int32) -> PostgresCell {
        let result = self.storage.pointer
        let type = PostgresType(oid: PQftype(result, column))
        guard PQgetisnull(result, self.index, column) == 0, let start = PQgetvalue(result, self.index, column) else {
            return PostgresCell(type: type, bytes: nil)
        }
        let count = Int(PQgetlength(result, self.index, column))
        return PostgresCell(type: type, bytes: UnsafeRawBufferPointer(start: start, count: count))
    }

    private func told(_ error: PostgresError, column: String) -> PostgresError {
        var told = PostgresError(error.source, "column `\(column)`: \(error.message)", hint: error.hint)
        told.column = column
        told.query = self.storage.query
        return told
    }
}
