public import NIOCore

/// The id of one request, `req_` and 26 characters: returned in `X-Request-Id`, logged, and named in every problem.
public struct RequestID: Sendable, Hashable, CustomStringConvertible {
    /// Characters of the text.
    public static let textCount = 30
    /// Characters accepted of a caller's own id.
    public static let callerTextMax = 128

    /// The id without its prefix.
    public let id: SortableID
    /// Worked out once: every request writes its id to both sides.
    private let characters: SortableID.Characters

    /// An id made elsewhere.
    public init(id: SortableID) {
        self.id = id
        self.characters = id.characters
    }

    /// A fresh id for a time in Unix milliseconds.
    public init(nowMs: Int64, using random: inout FastRandom) {
        self.init(id: SortableID(nowMs: nowMs, using: &random))
    }

    /// Appends the 30 characters.
    public func append(to buffer: inout ByteBuffer) {
        self.id.append(prefix: "req_", to: &buffer)
    }

    /// Appends the 30 characters.
    public func append(to writer: inout HeadWriter) {
        self.characters.append(prefix: "req_", to: &writer)
    }

    /// The 30 characters.
    public var description: String { self.id.string(prefix: "req_") }

    /// Whether an id that a caller sent may be logged beside ours: `^[A-Za-z0-9._-]{1,128}$`.
    public static func isAcceptable(fromCaller text: Span<UInt8>) -> Bool {
        guard text.count >= 1, text.count <= Self.callerTextMax else { return false }
        for index in 0..<text.count {
            let byte = text[index]
            if FieldOctets.isAlpha(byte) || FieldOctets.isDigit(byte) { continue }
            switch byte {
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): continue
            default: return false
            }
        }
        return true
    }
}
