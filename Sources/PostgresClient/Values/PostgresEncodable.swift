/// A value that can stand as a statement parameter.
///
/// A `String` is sent without a declared type: the server infers it, so it serves text, jsonb, inet or interval
/// columns alike. Where nothing tells the type (`$1 IS NULL`), write a cast: `\(name)::text`.
public protocol PostgresEncodable: Sendable {
    /// The declared type of the parameter.
    static var postgresType: PostgresType { get }
    /// How the bytes are written.
    static var postgresFormat: PostgresParameter.Format { get }
    /// Appends the value; false means NULL.
    func encodePostgres(into bytes: inout [UInt8]) -> Bool
}

extension PostgresEncodable {
    /// Binary, unless a type says otherwise.
    public static var postgresFormat: PostgresParameter.Format { .binary }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    /// The raw value's type.
    public static var postgresType: PostgresType { RawValue.postgresType }
    /// The raw value's format.
    public static var postgresFormat: PostgresParameter.Format { RawValue.postgresFormat }
    /// Encodes the raw value.
    public func encodePostgres(into bytes: inout [UInt8]) -> Bool { self.rawValue.encodePostgres(into: &bytes) }
}

extension String: PostgresEncodable {
    /// Inferred by the server.
    public static var postgresType: PostgresType { .inferred }
    /// Text.
    public static var postgresFormat: PostgresParameter.Format { .text }
    /// Appends the UTF-8 bytes.
    public func encodePostgres(into bytes: inout [UInt8]) -> Bool {
        bytes.append(contentsOf: self.utf8)
        return true
    }
}

extension Bool: PostgresEncodable {
    /// `bool`.
    public static var postgresType: PostgresType { .bool }
    /// One byte.
    public func encodePostgres(into bytes: inout [UInt8]) -> Bool {
        bytes.append(self ? 1 : 0)
        return true
    }
}

extension Int64: PostgresEncodable {
    /// `int8`.
    public static var postgresType: PostgresType { .int8 }
    /// Eight bytes, big-endian.
    public func encodePostgres(into bytes: inout [UInt8]) -> Bool {
        bytes.appendBigEndian(self)
        return true
    }
}

extension Int: PostgresEncodable {
    /// `int8`.
    public static var postgresType: PostgresType { .int8 }
    /// Eight bytes, big-endian.
    public func encodePostgres(into bytes: inout [UInt8]) -> Bool { Int64(self).encodePostgres(into: &bytes) }
}

extension Int32: PostgresEncodable {
    /// `int4`.
    public static var postgresType: PostgresType { .int4 }
    /// Four bytes, big-endian.
    public func encodePostgres(into bytes: inout [UInt8]) -> Bool {
        bytes.appendBigEndian(self)
        return true
    }
}

extension UInt8: PostgresEncodable {
    /// `int8`; an array of `UInt8` is `bytea`.
    public static var postgresType: PostgresType { .int8 }
    /// Eight bytes, big-endian.
    public func encodePostgres(into bytes: inout [UInt8]) -> Bool { Int64(self).encodePostgres(into: &bytes) }
}

extension Double: PostgresEncodable {
    /// `float8`.
    public static var postgresType: PostgresType { .float8 }
    /// Eight bytes, big-endian IEEE 754.
    public func encodePostgres(into bytes: inout [UInt8]) -> Bool {
        bytes.appendBigEndian(self.bitPattern)
        return true
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    /// The wrapped type.
    public static var postgresType: PostgresType { Wrapped.postgresType }
    /// The wrapped type's format.
    public static var postgresFormat: PostgresParameter.Format { Wrapped.postgresFormat }
    /// The value, or NULL.
    public func encodePostgres(into bytes: inout [UInt8]) -> Bool { self?.encodePostgres(into: &bytes) ?? false }
}

extension [UInt8] {
    mutating func appendBigEndian<Value: FixedWidthInteger>(_ value: Value) {
        Swift.withUnsafeBytes(of: value.bigEndian) { self.append(contentsOf: $0) }
    }
}
