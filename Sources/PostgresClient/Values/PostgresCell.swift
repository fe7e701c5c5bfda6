/// One value of a result row, not yet decoded. Valid only inside the decoding call.
public struct PostgresCell {
    /// The column's type.
    public let type: PostgresType
    /// Binary form of the value; nil is NULL.
    public let bytes: UnsafeRawBufferPointer?

    /// The bytes of a value that must be there.
    /// - Throws: ``PostgresError`` `data` for NULL.
    public func present() throws(PostgresError) -> UnsafeRawBufferPointer {
        guard let bytes else {
            throw PostgresError(.data, "the value is NULL", hint: "decode it as an Optional")
        }
        return bytes
    }

    /// The error for a type that the caller's Swift type does not take.
    public func mismatch<Value>(_ wanted: Value.Type) -> PostgresError {
        PostgresError(
            .data, "\(self.type) cannot be read as \(Value.self)", hint: "cast it in the statement, e.g. `x::text`")
    }

    /// A big-endian integer that fills all of `bytes`.
    func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws(PostgresError) -> Value {
        let bytes = try self.present()
        guard bytes.count == MemoryLayout<Value>.size else { throw self.mismatch(type) }
        return Value(bigEndian: bytes.loadUnaligned(as: Value.self))
    }
}
