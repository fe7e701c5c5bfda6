/// Object id of a PostgreSQL type; the built-in ones are fixed (`pg_type.dat`).
public struct PostgresType: Hashable, Sendable {
    /// The server's number for the type; 0 lets the server infer it.
    public let oid: UInt32

    /// Names a type by its number.
    public init(oid: UInt32) { self.oid = oid }

    /// The server infers the type from where the parameter stands.
    public static let inferred = PostgresType(oid: 0)
    static let bool = PostgresType(oid: 16)
    static let bytea = PostgresType(oid: 17)
    static let char = PostgresType(oid: 18)
    static let name = PostgresType(oid: 19)
    static let int8 = PostgresType(oid: 20)
    static let int2 = PostgresType(oid: 21)
    static let int4 = PostgresType(oid: 23)
    static let text = PostgresType(oid: 25)
    static let oid = PostgresType(oid: 26)
    static let json = PostgresType(oid: 114)
    static let float4 = PostgresType(oid: 700)
    static let float8 = PostgresType(oid: 701)
    static let unknown = PostgresType(oid: 705)
    static let boolArray = PostgresType(oid: 1000)
    static let byteaArray = PostgresType(oid: 1001)
    static let textArray = PostgresType(oid: 1009)
    static let int8Array = PostgresType(oid: 1016)
    static let float8Array = PostgresType(oid: 1022)
    static let bpchar = PostgresType(oid: 1042)
    static let varchar = PostgresType(oid: 1043)
    static let timestamptz = PostgresType(oid: 1184)
    static let timestamptzArray = PostgresType(oid: 1185)
    static let void = PostgresType(oid: 2278)
    static let jsonb = PostgresType(oid: 3802)

    /// First number that `CREATE TYPE` hands out (`FirstNormalObjectId`): enums and domains live from here on.
    static let firstOfUsers: UInt32 = 16384
}

extension PostgresType: CustomStringConvertible {
    /// The usual types by name, others by number.
    public var description: String {
        switch self {
        case .bool: "bool"
        case .bytea: "bytea"
        case .int8: "int8"
        case .int2: "int2"
        case .int4: "int4"
        case .text: "text"
        case .json: "json"
        case .float8: "float8"
        case .timestamptz: "timestamptz"
        case .jsonb: "jsonb"
        case .textArray: "text[]"
        case .int8Array: "int8[]"
        case PostgresType(oid: 1700): "numeric"
        case PostgresType(oid: 869): "inet"
        case PostgresType(oid: 1114): "timestamp"
        case PostgresType(oid: 1082): "date"
        case PostgresType(oid: 1186): "interval"
        case PostgresType(oid: 2950): "uuid"
        default: "type \(self.oid)"
        }
    }
}
