/// A reply as an ordinary tree of values, for cold paths. The hot path reads ``RedisReply`` in place.
public indirect enum RedisValue: Sendable, Hashable {
    case null
    case integer(Int64)
    /// A simple string, as in `OK`.
    case status(String)
    case string([UInt8])
    /// An error inside a reply: one command of a pipeline or of a transaction.
    case error(RedisServerError)
    case array([RedisValue])

    /// The text of a string or status (bytes that are not UTF-8 are replaced), or the digits of an integer.
    public var text: String? {
        switch self {
        case .status(let text): text
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        case .integer(let integer): String(integer)
        case .null, .error, .array: nil
        }
    }

    /// An integer, or a string that is one in decimal.
    public var integer: Int64? {
        if case .integer(let integer) = self { return integer }
        return self.text.flatMap { Int64($0) }
    }

    /// The elements of an array; nil for anything else.
    public var elements: [RedisValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    public var isNull: Bool { self == .null }
}
