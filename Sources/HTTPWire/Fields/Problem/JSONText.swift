public import NIOCore

/// Appends JSON (RFC 8259) to a buffer. What goes in may be any bytes, what comes out is valid UTF-8 JSON.
public enum JSONText {
    /// Appends a string with its quotes. Control bytes, `"` and `\` are escaped; each maximal part that is not UTF-8
    /// becomes U+FFFD, as browsers do it.
    public static func appendString(_ text: Span<UInt8>, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "\""))
        var runStart = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte >= 0x80 {
                let (length, isValid) = self.sequence(text, at: index)
                if !isValid {
                    FieldOctets.append(text, runStart..<index, to: &buffer)
                    buffer.writeStaticString("\u{FFFD}")
                    runStart = index + length
                }
                index += length
                continue
            }
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                FieldOctets.append(text, runStart..<index, to: &buffer)
                self.appendEscape(byte, to: &buffer)
                runStart = index + 1
            }
            index += 1
        }
        FieldOctets.append(text, runStart..<text.count, to: &buffer)
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    /// Appends a text as a string with its quotes.
    public static func appendString(_ text: String, to buffer: inout ByteBuffer) {
        self.appendString(text.utf8.span, to: &buffer)
    }

    /// Appends an integer.
    public static func appendInteger(_ value: Int, to buffer: inout ByteBuffer) {
        FieldOctets.appendDecimal(value, to: &buffer)
    }

    /// Appends an array of strings.
    public static func appendStrings(_ texts: [String], to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "["))
        for (index, text) in texts.enumerated() {
            if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
            self.appendString(text, to: &buffer)
        }
        buffer.writeInteger(UInt8(ascii: "]"))
    }

    private static func appendEscape(_ byte: UInt8, to buffer: inout ByteBuffer) {
        switch byte {
        case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
        case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
        case 0x08: buffer.writeStaticString("\\b")
        case 0x09: buffer.writeStaticString("\\t")
        case 0x0A: buffer.writeStaticString("\\n")
        case 0x0C: buffer.writeStaticString("\\f")
        case 0x0D: buffer.writeStaticString("\\r")
        default:
            buffer.writeStaticString("\\u00")
            FieldOctets.appendHex(UInt64(byte), digits: 2, to: &buffer)
        }
    }

    /// The UTF-8 sequence at a byte ≥ 0x80: its length if it is valid, else the length of its maximal valid beginning
    /// (at least 1), per table 3-7 of the Unicode standard.
    private static func sequence(_ text: Span<UInt8>, at start: Int) -> (length: Int, isValid: Bool) {
        let continuations: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch text[start] {
        case 0xC2...0xDF: continuations = 1
        case 0xE0:
            continuations = 2
            second = 0xA0...0xBF
        case 0xED:
            continuations = 2
            second = 0x80...0x9F
        case 0xE1...0xEF: continuations = 2
        case 0xF0:
            continuations = 3
            second = 0x90...0xBF
        case 0xF1...0xF3: continuations = 3
        case 0xF4:
            continuations = 3
            second = 0x80...0x8F
        default: return (1, false)
        }
        for place in 1...continuations {
            let index = start + place
            guard index < text.count, (place == 1 ? second : 0x80...0xBF).contains(text[index]) else {
                return (place, false)
            }
        }
        return (continuations + 1, true)
    }
}
