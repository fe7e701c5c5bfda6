public import NIOCore

/// One argument of a command on a cold path.
public enum RedisArgument: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case text(String)
    case integer(Int64)
    case bytes([UInt8])
    case buffer(ByteBuffer)

    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(_ text: String) { self = .text(text) }
    public init(_ integer: Int) { self = .integer(Int64(integer)) }

    /// What Redis will see.
    var wireBytes: [UInt8] {
        switch self {
        case .text(let text): Array(text.utf8)
        case .integer(let integer): Array(String(integer).utf8)
        case .bytes(let bytes): bytes
        case .buffer(let buffer): Array(buffer.readableBytesView)
        }
    }
}
