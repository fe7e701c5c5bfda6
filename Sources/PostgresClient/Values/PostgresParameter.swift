/// One statement parameter, ready for the wire.
public struct PostgresParameter: Sendable, Hashable {
    /// How `bytes` are written.
    public enum Format: Int32, Sendable {
        /// The type's input text.
        case text = 0
        /// The type's binary form.
        case binary = 1
    }

    /// The declared type.
    public let type: PostgresType
    /// How `bytes` are written.
    public let format: Format
    /// The value; nil is NULL.
    public let bytes: [UInt8]?

    /// Makes a parameter from wire bytes.
    public init(type: PostgresType, format: Format, bytes: [UInt8]?) {
        self.type = type
        self.format = format
        self.bytes = bytes
    }

    /// Encodes a value.
    init<Value: PostgresEncodable>(_ value: Value) {
        var bytes: [UInt8] = []
        let present = value.encodePostgres(into: &bytes)
        self.init(type: Value.postgresType, format: Value.postgresFormat, bytes: present ? bytes : nil)
    }
}
