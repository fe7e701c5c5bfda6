/// A value that can be read out of a result column.
public protocol PostgresDecodable: Sendable {
    /// Reads the value.
    /// - Throws: ``PostgresError`` `data` if the column's type or the value does not fit.
    init(postgres cell: PostgresCell) throws(PostgresError)
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    /// Reads the raw value; an unknown one is refused.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        let raw = try RawValue(postgres: cell)
        guard let value = Self(rawValue: raw) else {
            throw PostgresError(.data, "\(raw) is no \(Self.self)")
        }
        self = value
    }
}

extension String: PostgresDecodable {
    /// Reads text, varchar, name, json, jsonb and enums.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        var bytes = try cell.present()
        switch cell.type {
        case .text, .varchar, .bpchar, .name, .json, .unknown, .char: break
        case .jsonb:
            // jsonb_send puts a version in front; 1 is the only one there is.
            guard bytes.first == 1 else { throw cell.mismatch(String.self) }
            bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        case let type where type.oid >= PostgresType.firstOfUsers: break
        default: throw cell.mismatch(String.self)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw cell.mismatch(String.self) }
        self = text
    }
}

extension Bool: PostgresDecodable {
    /// Reads bool.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .bool else { throw cell.mismatch(Bool.self) }
        self = try cell.integer(UInt8.self) != 0
    }
}

extension Int64: PostgresDecodable {
    /// Reads int2, int4, int8 and oid.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .int8: self = try cell.integer(Int64.self)
        case .int4: self = Int64(try cell.integer(Int32.self))
        case .int2: self = Int64(try cell.integer(Int16.self))
        case .oid: self = Int64(try cell.integer(UInt32.self))
        default: throw cell.mismatch(Int64.self)
        }
    }
}

extension Int: PostgresDecodable {
    /// Reads int2, int4, int8 and oid.
    public init(postgres cell: PostgresCell) throws(PostgresError) { self = Int(try Int64(postgres: cell)) }
}

extension Int32: PostgresDecodable {
    /// Reads any integer that fits.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard let value = Int32(exactly: try Int64(postgres: cell)) else { throw cell.mismatch(Int32.self) }
        self = value
    }
}

extension Double: PostgresDecodable {
    /// Reads float4 and float8.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        switch cell.type {
        case .float8: self = Double(bitPattern: try cell.integer(UInt64.self))
        case .float4: self = Double(Float(bitPattern: try cell.integer(UInt32.self)))
        default: throw cell.mismatch(Double.self)
        }
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    /// Nil for NULL.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        self = cell.bytes == nil ? nil : try Wrapped(postgres: cell)
    }
}
