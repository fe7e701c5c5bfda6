/// Decodes the user name out of Basic credentials (RFC 7617) into a small buffer on the stack.
///
/// The whole base64 is checked, canonical and padded; what follows the first colon, the password, is decoded only to be
/// checked and is kept nowhere.
struct BasicUserName {
    /// Bytes a user name may have; keys of ours have 47, bcrypt ends at 72.
    static let bytesMax = 128

    private(set) var bytes = InlineArray<128, UInt8>(repeating: 0)
    private(set) var count = 0

    /// Whether the text is base64 of a non-empty visible-ASCII name, a colon, and anything.
    mutating func decode(_ text: Span<UInt8>) -> Bool {
        guard text.count >= 4, text.count.isMultiple(of: 4) else { return false }
        var digits = text.count
        while text.count - digits < 2, text[digits - 1] == UInt8(ascii: "=") { digits -= 1 }
        var bits: UInt32 = 0
        var held: UInt32 = 0
        var sawColon = false
        for index in 0..<digits {
            guard let value = Self.value(of: text[index]) else { return false }
            bits = (bits << 6 | UInt32(value)) & 0xFFF
            held += 6
            guard held >= 8 else { continue }
            held -= 8
            guard !sawColon else { continue }
            let byte = UInt8(truncatingIfNeeded: bits >> held)
            if byte == UInt8(ascii: ":") {
                sawColon = true
            } else {
                guard FieldOctets.isVisible(byte), self.count < Self.bytesMax else { return false }
                self.bytes[self.count] = byte
                self.count += 1
            }
        }
        let unused = bits & ((1 << held) - 1)
        return sawColon && self.count > 0 && held != 6 && unused == 0
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
