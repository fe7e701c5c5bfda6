/// A value that can stand in a one-dimensional array parameter, such as `= ANY(\(ids))` or `unnest(\(ids))`.
public protocol PostgresArrayElement: PostgresEncodable {
    /// The array's type.
    static var postgresArrayType: PostgresType { get }
    /// The element's type inside an array; there nothing is inferred.
    static var postgresElementType: PostgresType { get }
    /// Appends the whole array.
    static func encodePostgresArray(_ elements: [Self], into bytes: inout [UInt8])
}

extension PostgresArrayElement {
    /// The element's own type.
    public static var postgresElementType: PostgresType { Self.postgresType }

    /// Binary array (`array_recv`): dimensions, has-null flag, element type, length and lower bound, then elements.
    public static func encodePostgresArray(_ elements: [Self], into bytes: inout [UInt8]) {
        bytes.appendBigEndian(Int32(elements.isEmpty ? 0 : 1))
        bytes.appendBigEndian(Int32(1))
        bytes.appendBigEndian(Self.postgresElementType.oid)
        guard !elements.isEmpty else { return }
        bytes.appendBigEndian(Int32(elements.count))
        bytes.appendBigEndian(Int32(1))
        for element in elements {
            let lengthAt = bytes.count
            bytes.appendBigEndian(Int32(-1))
            guard element.encodePostgres(into: &bytes) else { continue }
            let length = Int32(bytes.count - lengthAt - 4)
            withUnsafeBytes(of: length.bigEndian) { bytes.replaceSubrange(lengthAt..<lengthAt + 4, with: $0) }
        }
    }
}

extension String: PostgresArrayElement {
    /// `text[]`.
    public static var postgresArrayType: PostgresType { .textArray }
    /// `text`.
    public static var postgresElementType: PostgresType { .text }
}

extension Bool: PostgresArrayElement {
    /// `bool[]`.
    public static var postgresArrayType: PostgresType { .boolArray }
}

extension Int64: PostgresArrayElement {
    /// `int8[]`.
    public static var postgresArrayType: PostgresType { .int8Array }
}

extension Int: PostgresArrayElement {
    /// `int8[]`.
    public static var postgresArrayType: PostgresType { .int8Array }
}

extension Double: PostgresArrayElement {
    /// `float8[]`.
    public static var postgresArrayType: PostgresType { .float8Array }
}

extension UInt8: PostgresArrayElement {
    /// `bytea`: bytes are one value, not an array of numbers.
    public static var postgresArrayType: PostgresType { .bytea }
    /// The bytes as they are.
    public static func encodePostgresArray(_ elements: [UInt8], into bytes: inout [UInt8]) {
        bytes.append(contentsOf: elements)
    }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement {
    /// The wrapped type's array.
    public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
    /// The wrapped type's element.
    public static var postgresElementType: PostgresType { Wrapped.postgresElementType }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    /// The element's array type.
    public static var postgresType: PostgresType { Element.postgresArrayType }
    /// Appends all elements.
    public func encodePostgres(into bytes: inout [UInt8]) -> Bool {
        Element.encodePostgresArray(self, into: &bytes)
        return true
    }
}

extension Array: PostgresArrayElement where Element == UInt8 {
    /// `bytea[]`.
    public static var postgresArrayType: PostgresType { .byteaArray }
}
