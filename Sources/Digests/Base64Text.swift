/// Base64 with the standard alphabet and padding (RFC 4648 §4): webhook secrets and signatures.
public enum Base64Text {
    /// The padded text of bytes.
    public static func encode(_ bytes: Span<UInt8>) -> String {
        let length = (bytes.count + 2) / 3 * 4
        return String(unsafeUninitializedCapacity: length) { room in
            var written = 0
            for start in stride(from: 0, to: bytes.count, by: 3) {
                let present = min(3, bytes.count - start)
                var group = UInt32(bytes[start]) << 16
                if present > 1 { group |= UInt32(bytes[start + 1]) << 8 }
                if present > 2 { group |= UInt32(bytes[start + 2]) }
                for place in 0..<4 {
                    let value = UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * place) & 0x3F)
                    room[written] = place <= present ? self.character(value) : UInt8(ascii: "=")
                    written += 1
                }
            }
            return written
        }
    }

    /// The bytes a text stands for; nil unless it is padded, canonical (unused bits zero) and nothing else.
    public static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        var digits = text.count
        while digits > 0, text.count - digits < 2, text[digits - 1] == UInt8(ascii: "=") { digits -= 1 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits * 3 / 4)
        var bits: UInt32 = 0
        var held: UInt32 = 0
        for index in 0..<digits {
            guard let value = self.value(of: text[index]) else { return nil }
            bits = (bits << 6 | UInt32(value)) & 0xFFF
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> held))
            }
        }
        guard held != 6, bits & ((1 << held) - 1) == 0 else { return nil }
        return bytes
    }

    private static func character(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
