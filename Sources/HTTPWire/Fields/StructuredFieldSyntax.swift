import NIOCore

/// The parts of Structured Field syntax (RFC 9651) the gateway reads: Strings, and parameters it checks but ignores.
///
/// A position moves forward only over what is well-formed; `false` means the whole field is to be refused, as §4.2 asks.
enum StructuredFieldSyntax {
    /// Skips a String at `position`, which must stand on its opening quote. Returns the range between the quotes and
    /// the number of escapes in it.
    static func skipString(_ text: Span<UInt8>, _ position: inout Int) -> (inside: Range<Int>, escapes: Int)? {
        guard position < text.count, text[position] == UInt8(ascii: "\"") else { return nil }
        let start = position + 1
        var index = start
        var escapes = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\""):
                position = index + 1
                return (start..<index, escapes)
            case UInt8(ascii: "\\"):
                guard index + 1 < text.count, self.isEscapable(text[index + 1]) else { return nil }
                escapes += 1
                index += 2
            case 0x20...0x7E:
                index += 1
            default:
                return nil
            }
        }
        return nil
    }

    /// Skips `*( ";" *SP key [ "=" bare-item ] )`.
    static func skipParameters(_ text: Span<UInt8>, _ position: inout Int) -> Bool {
        while position < text.count, text[position] == UInt8(ascii: ";") {
            position += 1
            while position < text.count, text[position] == 0x20 { position += 1 }
            guard self.skipKey(text, &position) else { return false }
            guard position < text.count, text[position] == UInt8(ascii: "=") else { continue }
            position += 1
            guard self.skipBareItem(text, &position) else { return false }
        }
        return true
    }

    /// Appends bytes as a String with its quotes. False, with nothing written, where a byte is not `%x20-7E`.
    static func appendString(_ bytes: Span<UInt8>, to buffer: inout ByteBuffer) -> Bool {
        var escapes = 0
        for index in 0..<bytes.count {
            guard bytes[index] >= 0x20, bytes[index] < 0x7F else { return false }
            if self.isEscapable(bytes[index]) { escapes += 1 }
        }
        buffer.writeInteger(UInt8(ascii: "\""))
        if escapes == 0 {
            buffer.writeBytes(bytes.bytes)
        } else {
            for index in 0..<bytes.count {
                if self.isEscapable(bytes[index]) { buffer.writeInteger(UInt8(ascii: "\\")) }
                buffer.writeInteger(bytes[index])
            }
        }
        buffer.writeInteger(UInt8(ascii: "\""))
        return true
    }

    private static func isEscapable(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func isLowerAlpha(_ byte: UInt8) -> Bool { byte &- 0x61 < 26 }

    private static func skipKey(_ text: Span<UInt8>, _ position: inout Int) -> Bool {
        guard position < text.count, self.isLowerAlpha(text[position]) || text[position] == UInt8(ascii: "*") else {
            return false
        }
        position += 1
        while position < text.count {
            let byte = text[position]
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "*"): break
            default: guard self.isLowerAlpha(byte) || FieldOctets.isDigit(byte) else { return true }
            }
            position += 1
        }
        return true
    }

    private static func skipBareItem(_ text: Span<UInt8>, _ position: inout Int) -> Bool {
        guard position < text.count else { return false }
        switch text[position] {
        case UInt8(ascii: "\""): return self.skipString(text, &position) != nil
        case UInt8(ascii: ":"): return self.skipByteSequence(text, &position)
        case UInt8(ascii: "?"): return self.skipBoolean(text, &position)
        case UInt8(ascii: "%"): return self.skipDisplayString(text, &position)
        case UInt8(ascii: "@"):
            position += 1
            return self.skipNumber(text, &position, decimals: false)
        case UInt8(ascii: "-"): return self.skipNumber(text, &position, decimals: true)
        case let byte where FieldOctets.isDigit(byte): return self.skipNumber(text, &position, decimals: true)
        case let byte where FieldOctets.isAlpha(byte) || byte == UInt8(ascii: "*"):
            position += 1
            while position < text.count, self.isTokenContinuation(text[position]) { position += 1 }
            return true
        default: return false
        }
    }

    private static func isTokenContinuation(_ byte: UInt8) -> Bool {
        FieldOctets.isTokenByte(byte) || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "/")
    }

    /// An Integer of at most 15 digits, or a Decimal of at most 12 and 1–3.
    private static func skipNumber(_ text: Span<UInt8>, _ position: inout Int, decimals: Bool) -> Bool {
        if position < text.count, text[position] == UInt8(ascii: "-") { position += 1 }
        let whole = self.skipDigits(text, &position)
        guard whole >= 1, whole <= 15 else { return false }
        guard decimals, position < text.count, text[position] == UInt8(ascii: ".") else { return true }
        position += 1
        let fraction = self.skipDigits(text, &position)
        return whole <= 12 && fraction >= 1 && fraction <= 3
    }

    private static func skipDigits(_ text: Span<UInt8>, _ position: inout Int) -> Int {
        let start = position
        while position < text.count, FieldOctets.isDigit(text[position]) { position += 1 }
        return position - start
    }

    private static func skipBoolean(_ text: Span<UInt8>, _ position: inout Int) -> Bool {
        position += 1
        guard position < text.count, text[position] == UInt8(ascii: "0") || text[position] == UInt8(ascii: "1") else {
            return false
        }
        position += 1
        return true
    }

    private static func skipByteSequence(_ text: Span<UInt8>, _ position: inout Int) -> Bool {
        position += 1
        while position < text.count {
            let byte = text[position]
            position += 1
            switch byte {
            case UInt8(ascii: ":"): return true
            case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): continue
            default: guard FieldOctets.isAlpha(byte) || FieldOctets.isDigit(byte) else { return false }
            }
        }
        return false
    }

    /// `%"…"` with lower-case percent escapes. That they spell UTF-8 is left unchecked: nobody looks at the value.
    private static func skipDisplayString(_ text: Span<UInt8>, _ position: inout Int) -> Bool {
        position += 1
        guard position < text.count, text[position] == UInt8(ascii: "\"") else { return false }
        position += 1
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""):
                position += 1
                return true
            case UInt8(ascii: "%"):
                guard position + 2 < text.count, FieldOctets.lowerHexValue(text[position + 1]) != nil,
                    FieldOctets.lowerHexValue(text[position + 2]) != nil
                else { return false }
                position += 3
            case 0x20...0x7E: position += 1
            default: return false
            }
        }
        return false
    }
}
