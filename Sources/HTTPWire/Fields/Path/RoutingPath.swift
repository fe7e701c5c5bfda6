public import NIOCore

/// Decides whether a path means one thing only, and brings it into the one form that is routed on *and* forwarded.
///
/// A gateway that reads a path otherwise than the service behind it guards the wrong door. So whatever two servers
/// might read differently is refused with 400, and the rest has one spelling. For the path alone, without query:
///
/// 1. It begins with `/`. (`*` and authority-form are not paths; the caller has them apart.)
/// 2. It holds no control byte, space, DEL, `#`, `?`, `\` and nothing above ASCII. (`"<>^{|}` and the backquote are
///    passed as they are: no server gives them meaning.)
/// 3. Each `%` is followed by two hex digits.
/// 4. No escape stands for `/` (`%2F`), `\` (`%5C`), or a control byte (`%00`–`%1F`, `%7F`): servers disagree on
///    whether those separate, end or forge a segment. `%25` is passed: decoded once it is a percent sign.
/// 5. No segment is `.` or `..`, be its dots written `.` or `%2E`, be it followed by `;` parameters or not: some servers
///    resolve them, some do not, some drop the parameters first.
/// 6. No segment is empty but the last: some servers merge slashes.
/// 7. Escapes of unreserved characters (`%41`, `%7e`, `%2E`) are decoded, which RFC 3986 §6.2.2.2 calls the same path;
///    hex digits of the others become upper-case (§6.2.2.1). A path where that changes something `needsRewriting`.
public enum RoutingPath {
    /// What a path that was not refused needs.
    public enum Form: Sendable, Equatable {
        /// Nothing: its bytes are the form to route on and to forward.
        case canonical
        /// ``RoutingPath/append(_:to:)`` must rewrite it first.
        case needsRewriting
    }

    /// Checks a path by the rules above.
    public static func check(_ path: Span<UInt8>) throws(PathRefusal) -> Form {
        guard path.count > 0, path[0] == UInt8(ascii: "/") else { throw .notAbsolute }
        if self.isPlain(path) { return .canonical }
        var form = Form.canonical
        var segment = Segment()
        var index = 1
        while index < path.count {
            let byte = path[index]
            switch byte {
            case UInt8(ascii: "/"):
                if index == 1 || path[index - 1] == UInt8(ascii: "/") { throw .emptySegment }
                if segment.isDots { throw .dotSegment }
                segment = Segment()
                index += 1
            case UInt8(ascii: "%"):
                let decoded = try self.decode(path, at: index)
                if self.isUnreserved(decoded) || self.hasLowerHex(path, at: index) { form = .needsRewriting }
                segment.append(decoded)
                index += 3
            case 0...0x20, 0x7F...0xFF, UInt8(ascii: "#"), UInt8(ascii: "?"), UInt8(ascii: "\\"):
                throw .forbiddenByte
            default:
                segment.append(byte)
                index += 1
            }
        }
        if segment.isDots { throw .dotSegment }
        return form
    }

    /// Whether nothing in the path needs a closer look: eight bytes at a time, no byte that is forbidden or begins an
    /// escape, no dot, and no two slashes in a row. Nearly every path is plain.
    private static func isPlain(_ path: Span<UInt8>) -> Bool {
        var offset = 0
        // The slashes of the eight bytes before: the last of them may be the first half of two.
        var slashBefore: UInt64 = 0
        while offset < path.count {
            let count = min(8, path.count &- offset)
            let word = path.word(at: offset, count: count)
            // Lanes behind the end are zero, which no path holds.
            let suspect =
                word.lanesOutsideTarget.lowLanes(count) | word.anyLane(equal: UInt8(ascii: "%"))
                | word.anyLane(equal: UInt8(ascii: ".")) | word.anyLane(equal: UInt8(ascii: "#"))
                | word.anyLane(equal: UInt8(ascii: "?")) | word.anyLane(equal: UInt8(ascii: "\\"))
            let slashes = word.lanes(equal: UInt8(ascii: "/"))
            let doubled = slashes & (slashes &<< 8 | slashBefore &>> 56)
            guard suspect | doubled == 0 else { return false }
            slashBefore = slashes
            offset &+= 8
        }
        return true
    }

    /// Appends the canonical form of a path that ``check(_:)`` let pass.
    public static func append(_ path: Span<UInt8>, to buffer: inout ByteBuffer) {
        var index = 0
        var runStart = 0
        while index < path.count {
            guard path[index] == UInt8(ascii: "%"), index + 2 < path.count,
                let high = FieldOctets.hexValue(path[index + 1]), let low = FieldOctets.hexValue(path[index + 2])
            else {
                index += 1
                continue
            }
            FieldOctets.append(path, runStart..<index, to: &buffer)
            let decoded = high << 4 | low
            if self.isUnreserved(decoded) {
                buffer.writeInteger(decoded)
            } else {
                buffer.writeInteger(UInt8(ascii: "%"))
                buffer.writeInteger(FieldOctets.upperHexDigit(high))
                buffer.writeInteger(FieldOctets.upperHexDigit(low))
            }
            index += 3
            runStart = index
        }
        FieldOctets.append(path, runStart..<path.count, to: &buffer)
    }

    /// Whether the segment read so far, up to a `;`, is `.` or `..`.
    private struct Segment {
        private var dots = 0
        private var isOther = false
        private var isParameter = false

        var isDots: Bool { !self.isOther && (self.dots == 1 || self.dots == 2) }

        mutating func append(_ byte: UInt8) {
            if self.isParameter || self.isOther { return }
            switch byte {
            case UInt8(ascii: "."): self.dots += 1
            case UInt8(ascii: ";"): self.isParameter = true
            default: self.isOther = true
            }
        }
    }

    private static func decode(_ path: Span<UInt8>, at index: Int) throws(PathRefusal) -> UInt8 {
        guard index + 2 < path.count, let high = FieldOctets.hexValue(path[index + 1]),
            let low = FieldOctets.hexValue(path[index + 2])
        else { throw .malformedEscape }
        let decoded = high << 4 | low
        switch decoded {
        case 0..<0x20, 0x7F, UInt8(ascii: "/"), UInt8(ascii: "\\"): throw .forbiddenEscape
        default: return decoded
        }
    }

    private static func hasLowerHex(_ path: Span<UInt8>, at index: Int) -> Bool {
        path[index + 1] >= 0x61 || path[index + 2] >= 0x61
    }

    /// `ALPHA / DIGIT / "-" / "." / "_" / "~"`.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        if FieldOctets.isAlpha(byte) || FieldOctets.isDigit(byte) { return true }
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): return true
        default: return false
        }
    }
}
