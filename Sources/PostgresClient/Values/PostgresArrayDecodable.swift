/// A value that can be read out of a one-dimensional array column.
public protocol PostgresArrayDecodable: PostgresDecodable {
    /// Reads the whole array.
    static func decodePostgresArray(_ cell: PostgresCell) throws(PostgresError) -> [Self]
}

extension PostgresArrayDecodable {
    /// Walks a binary array (`array_send`).
    public static func decodePostgresArray(_ cell: PostgresCell) throws(PostgresError) -> [Self] {
        var rest = try cell.present()[...]
        func next() throws(PostgresError) -> Int32 {
            guard rest.count >= 4 else { throw cell.mismatch([Self].self) }
            defer { rest = rest.dropFirst(4) }
            return Int32(bigEndian: UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(as: Int32.self))
        }
        let dimensions = try next()
        _ = try next()
        let element = PostgresType(oid: UInt32(bitPattern: try next()))
        guard dimensions == 1 else {
            guard dimensions == 0 else { throw cell.mismatch([Self].self) }
            return []
        }
        let count = try next()
        _ = try next()
        var values: [Self] = []
        for _ in 0..<max(0, count) {
            let length = Int(try next())
            guard length <= rest.count else { throw cell.mismatch([Self].self) }
            let bytes = length < 0 ? nil : UnsafeRawBufferPointer(rebasing: rest.prefix(length))
            values.append(try Self(postgres: PostgresCell(type: element, bytes: bytes)))
            rest = rest.dropFirst(max(0, length))
        }
        return values
    }
}

extension String: PostgresArrayDecodable {}
extension Bool: PostgresArrayDecodable {}
extension Int64: PostgresArrayDecodable {}
extension Int: PostgresArrayDecodable {}
extension Double: PostgresArrayDecodable {}
extension PostgresInstant: PostgresArrayDecodable {}
extension Optional: PostgresArrayDecodable where Wrapped: PostgresArrayDecodable {}

extension UInt8: PostgresArrayDecodable {
    /// One byte of an integer column.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard let value = UInt8(exactly: try Int64(postgres: cell)) else { throw cell.mismatch(UInt8.self) }
        self = value
    }

    /// Reads bytea.
    public static func decodePostgresArray(_ cell: PostgresCell) throws(PostgresError) -> [UInt8] {
        guard cell.type == .bytea else { throw cell.mismatch([UInt8].self) }
        return [UInt8](try cell.present())
    }
}

extension Array: PostgresDecodable where Element: PostgresArrayDecodable {
    /// Reads an array column; `[UInt8]` reads bytea.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self = try Element.decodePostgresArray(cell)
    }
}

extension Array: PostgresArrayDecodable where Element == UInt8 {}
