/// Reads one field line: `field-name ":" OWS field-value OWS CRLF` (RFC 9112 §5), nothing looser.
///
/// An error is always that of the first byte which no valid line could have at its place, so the answer does not depend
/// on how much of the line has arrived.
enum FieldLine {
    case field(Field, next: Int)
    /// The empty line that closes the section.
    case end(next: Int)
    case incomplete
    case failed(WireError)

    @inline(__always) static func parse(
        _ bytes: Span<UInt8>, from start: Int, to end: Int
    ) -> FieldLine {
        let nameEnd = Self.nameEnd(bytes, from: start, to: end)
        guard nameEnd < end else { return .incomplete }
        guard bytes[nameEnd] == Byte.colon, nameEnd > start else {
            return Self.withoutName(bytes, from: start, stop: nameEnd, to: end)
        }
        guard nameEnd &- start <= Field.nameBytesMax else { return .failed(.fieldSectionTooLarge) }

        var valueStart = nameEnd &+ 1
        while valueStart < end, bytes[valueStart].isBlank { valueStart &+= 1 }
        let stop = Self.valueEnd(bytes, from: valueStart, to: end)
        guard stop < end else { return .incomplete }
        guard bytes[stop] == Byte.carriageReturn else { return .failed(Self.control(bytes[stop])) }
        guard stop &+ 1 < end else { return .incomplete }
        guard bytes[stop &+ 1] == Byte.lineFeed else { return .failed(.bareCarriageReturn) }

        var valueEnd = stop
        while valueEnd > valueStart, bytes[valueEnd &- 1].isBlank { valueEnd &-= 1 }
        let field = Field(
            nameStart: start, nameEnd: nameEnd, id: FieldNameTable.name(bytes, start, nameEnd),
            value: ByteRange(valueStart, valueEnd))
        return .field(field, next: stop &+ 2)
    }

    /// Offset of the first byte that is no token byte.
    @inline(__always) private static func nameEnd(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var offset = start
        while offset &+ 8 <= end {
            let odd = bytes.word(at: offset).lanesOutsidePlainName
            if odd == 0 {
                offset &+= 8
                continue
            }
            offset &+= odd.firstLane
            guard bytes[offset].isToken else { return offset }
            offset &+= 1
        }
        while offset < end, bytes[offset].isToken { offset &+= 1 }
        return offset
    }

    /// Offset of the first control byte that is no HTAB.
    @inline(__always) static func valueEnd(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        var offset = start
        while offset &+ 8 <= end {
            let controls = bytes.word(at: offset).lanesOfControls
            if controls == 0 {
                offset &+= 8
                continue
            }
            offset &+= controls.firstLane
            guard bytes[offset] == Byte.tab else { return offset }
            offset &+= 1
        }
        while offset < end {
            let byte = bytes[offset]
            if (byte < 0x20 && byte != Byte.tab) || byte == 0x7F { return offset }
            offset &+= 1
        }
        return offset
    }

    /// The line does not begin with a name and a colon: the closing empty line, or an error.
    private static func withoutName(_ bytes: Span<UInt8>, from start: Int, stop: Int, to end: Int) -> FieldLine {
        let byte = bytes[stop]
        if byte == Byte.carriageReturn {
            guard stop &+ 1 < end else { return .incomplete }
            guard bytes[stop &+ 1] == Byte.lineFeed else { return .failed(.bareCarriageReturn) }
            return stop == start ? .end(next: stop &+ 2) : .failed(.fieldNameInvalid)
        }
        if byte == Byte.lineFeed { return .failed(.bareLineFeed) }
        if byte.isBlank { return .failed(stop == start ? .lineFolded : .spaceBeforeColon) }
        return .failed(byte == 0 ? .nulByte : .fieldNameInvalid)
    }

    /// The error for a control byte where a value was expected to go on or end in CR.
    static func control(_ byte: UInt8) -> WireError {
        switch byte {
        case Byte.lineFeed: .bareLineFeed
        case 0: .nulByte
        default: .controlByte
        }
    }
}
