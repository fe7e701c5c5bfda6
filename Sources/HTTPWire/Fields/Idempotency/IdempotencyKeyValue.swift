public import NIOCore

/// An `Idempotency-Key` field value in either form, as a place in the caller's buffer.
///
/// The draft wants a Structured Field String, `"8e03…"`; the clients in use send it bare. Both spell the same key
/// (IK-1): ``withKey(in:_:)`` gives the same bytes for both.
public struct IdempotencyKeyValue: Sendable, Equatable {
    /// Bytes a key may have (IK-2), counted after unescaping.
    public static let bytesMax = 255

    /// The key in the value it was read from, without quotes, escapes still in it.
    public let range: Range<Int>
    /// Bytes of the key itself.
    public let count: Int

    /// Reads a field's value. `lines` is how many such fields the request had.
    ///
    /// A value that starts with a quote must be a String with optional parameters, which are checked and ignored;
    /// any other is taken as it stands.
    public init(_ value: Span<UInt8>, lines: Int = 1) throws(IdempotencyKeyError) {
        guard lines == 1 else { throw .repeated }
        let trimmed = FieldOctets.trimmed(value)
        guard !trimmed.isEmpty else { throw .empty }
        var escapes = 0
        if value[trimmed.lowerBound] == UInt8(ascii: "\"") {
            (self.range, escapes) = try Self.quoted(value.extracting(0..<trimmed.upperBound), from: trimmed.lowerBound)
        } else {
            self.range = trimmed
            for index in trimmed {
                switch value[index] {
                case 0x21, 0x23...0x2B, 0x2D...0x5B, 0x5D...0x7E: continue
                default: throw .forbiddenByte
                }
            }
        }
        self.count = self.range.count - escapes
        guard self.count > 0 else { throw .empty }
        guard self.count <= Self.bytesMax else { throw .tooLong }
    }

    /// Calls `body` with the key's bytes, unescaped. `value` must be what the key was read from.
    public func withKey<Result>(in value: Span<UInt8>, _ body: (Span<UInt8>) -> Result) -> Result {
        guard self.range.upperBound <= value.count else { return body(Span()) }
        if self.count == self.range.count { return body(value.extracting(self.range)) }
        var bytes = InlineArray<255, UInt8>(repeating: 0)
        var written = 0
        var index = self.range.lowerBound
        while index < self.range.upperBound, written < Self.bytesMax {
            if value[index] == UInt8(ascii: "\\"), index + 1 < self.range.upperBound { index += 1 }
            bytes[written] = value[index]
            written += 1
            index += 1
        }
        return body(bytes.span.extracting(0..<written))
    }

    /// Appends a key as a Structured Field String, quoted and escaped; nothing where a byte is not `%x20-7E`.
    public static func append(_ key: Span<UInt8>, to buffer: inout ByteBuffer) {
        _ = StructuredFieldSyntax.appendString(key, to: &buffer)
    }

    private static func quoted(
        _ value: Span<UInt8>, from start: Int
    ) throws(IdempotencyKeyError) -> (Range<Int>, Int) {
        var position = start
        guard let string = StructuredFieldSyntax.skipString(value, &position),
            StructuredFieldSyntax.skipParameters(value, &position), position == value.count
        else { throw .malformedString }
        return (string.inside, string.escapes)
    }
}
