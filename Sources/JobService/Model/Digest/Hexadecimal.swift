extension Sequence<UInt8> {
    /// Two lower-case hexadecimal digits a byte.
    var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension FixedWidthInteger {
    /// All digits, in lower-case hexadecimal, leading zeros kept.
    var fixedHex: String {
        let text = String(self, radix: 16)
        return String(repeating: "0", count: Self.bitWidth / 4 - text.utf8.count) + text
    }
}
