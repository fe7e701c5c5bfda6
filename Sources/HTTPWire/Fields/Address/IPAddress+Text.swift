public import NIOCore

extension IPAddress: CustomStringConvertible {
    /// Reads IPv4 in four decimal parts without leading zeros, or IPv6 in any form of RFC 4291 §2.2.
    ///
    /// No other notation (octal, hexadecimal, fewer parts), no zone, no brackets, no port: those are ambiguous or belong
    /// to the field around the address.
    public init?(_ text: Span<UInt8>) {
        self.init(text, 0..<text.count)
    }

    /// Reads a text as ``init(_:)-(Span<UInt8>)`` does.
    public init?(_ text: String) {
        self.init(text.utf8.span)
    }

    /// Reads the address in a range of a span.
    init?(_ text: Span<UInt8>, _ range: Range<Int>) {
        if let bits = Self.parseIPv4(text, range) {
            self.init(ipv4: bits)
        } else if let words = Self.parseIPv6(text, range) {
            self.init(high: words.high, low: words.low)
        } else {
            return nil
        }
    }

    /// The address as text; see ``append(to:)``.
    public var description: String {
        var buffer = ByteBuffer()
        self.append(to: &buffer)
        return String(buffer: buffer)
    }

    /// Appends the canonical text: dotted decimal, or RFC 5952 (lower case, the longest run of zeros as `::`).
    public func append(to buffer: inout ByteBuffer) {
        var writer = HeadWriter(&buffer, room: 39)
        self.append(to: &writer)
        writer.finish(&buffer)
    }

    /// As `append(to:)`, into a head.
    public func append(to writer: inout HeadWriter) {
        self.isIPv4 ? self.appendIPv4(to: &writer) : self.appendIPv6(to: &writer)
    }

    private func appendIPv4(to writer: inout HeadWriter) {
        var shift: UInt64 = 32
        while shift > 0 {
            if shift < 32 { writer.write(".") }
            shift &-= 8
            writer.write(decimal: Int(self.low >> shift & 0xFF))
        }
    }

    private func appendIPv6(to writer: inout HeadWriter) {
        let gap = self.longestZeroRun()
        var index = 0
        while index < 8 {
            if index == gap.lowerBound, !gap.isEmpty {
                writer.write("::")
                index = gap.upperBound
                continue
            }
            if index > 0, index != gap.upperBound { writer.write(":") }
            let group = UInt64(self.group(index))
            let digits = group < 0x10 ? 1 : group < 0x100 ? 2 : group < 0x1000 ? 3 : 4
            for place in stride(from: digits - 1, through: 0, by: -1) {
                writer.write(
                    byte: FieldOctets.lowerHexDigit(UInt8(truncatingIfNeeded: group >> UInt64(4 * place) & 15)))
            }
            index += 1
        }
    }

    private func group(_ index: Int) -> UInt16 {
        let word = index < 4 ? self.high : self.low
        return UInt16(truncatingIfNeeded: word >> UInt64(48 - 16 * (index & 3)))
    }

    /// The first of the longest runs of two or more zero groups; empty (at 8) where there is none.
    private func longestZeroRun() -> Range<Int> {
        var best = 8..<8
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, self.group(end) == 0 { end += 1 }
            if end - start >= 2, end - start > best.count { best = start..<end }
            start = max(end, start + 1)
        }
        return best
    }

    private static func parseIPv4(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt32? {
        guard range.count >= 7, range.count <= 15 else { return nil }
        var bits: UInt32 = 0
        var index = range.lowerBound
        for part in 0..<4 {
            let start = index
            var value: UInt32 = 0
            while index < range.upperBound, index - start < 3, FieldOctets.isDigit(text[index]) {
                value = value * 10 + UInt32(text[index] &- 0x30)
                index += 1
            }
            let digits = index - start
            guard digits > 0, value <= 255, digits == 1 || text[start] != UInt8(ascii: "0") else { return nil }
            bits = bits << 8 | value
            guard part < 3 else { break }
            guard index < range.upperBound, text[index] == UInt8(ascii: ".") else { return nil }
            index += 1
        }
        return index == range.upperBound ? bits : nil
    }

    private static func parseIPv6(_ text: Span<UInt8>, _ range: Range<Int>) -> (high: UInt64, low: UInt64)? {
        guard range.count >= 2, range.count <= 45 else { return nil }
        let colon = UInt8(ascii: ":")
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var count = 0
        var gap: Int?
        var index = range.lowerBound
        if text[index] == colon {
            guard text[index + 1] == colon else { return nil }
            gap = 0
            index += 2
        }
        while index < range.upperBound {
            guard count < 8 else { return nil }
            let start = index
            guard let group = self.parseGroup(text, &index, range.upperBound) else { return nil }
            if index < range.upperBound, text[index] == UInt8(ascii: ".") {
                guard count <= 6, let bits = self.parseIPv4(text, start..<range.upperBound) else { return nil }
                groups[count] = UInt16(truncatingIfNeeded: bits >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: bits)
                count += 2
                break
            }
            groups[count] = group
            count += 1
            guard index < range.upperBound else { break }
            guard text[index] == colon, index + 1 < range.upperBound else { return nil }
            index += 1
            if text[index] == colon {
                guard gap == nil else { return nil }
                gap = count
                index += 1
            }
        }
        return self.words(groups, count: count, gap: gap)
    }

    private static func parseGroup(_ text: Span<UInt8>, _ index: inout Int, _ end: Int) -> UInt16? {
        let start = index
        var value: UInt16 = 0
        while index < end, index - start < 4, let digit = FieldOctets.hexValue(text[index]) {
            value = value << 4 | UInt16(digit)
            index += 1
        }
        return index > start ? value : nil
    }

    /// Spreads the groups read over the eight places; a gap stands for at least one group.
    private static func words(
        _ groups: InlineArray<8, UInt16>, count: Int, gap: Int?
    ) -> (high: UInt64, low: UInt64)? {
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        let before = gap ?? 8
        for place in 0..<8 {
            let source = place < before ? place : place - (8 - count)
            let isZero = gap != nil && place >= before && source < before
            let group = isZero ? 0 : UInt64(groups[source])
            if place < 4 { high = high << 16 | group } else { low = low << 16 | group }
        }
        return (high, low)
    }
}
