/// Compares a member's name, escapes and all, with the bytes a pointer asks for.
enum JSONName {
    /// Length of the escape at a backslash: 2, or 6 for `\uXXXX`; nil where it is none.
    static func escapeLength(_ json: Span<UInt8>, at position: Int) -> Int? {
        guard position + 1 < json.count else { return nil }
        switch json[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            guard position + 6 <= json.count else { return nil }
            for index in (position + 2)..<(position + 6) where FieldOctets.hexValue(json[index]) == nil { return nil }
            return 6
        default:
            return nil
        }
    }

    /// Whether the inside of a scanned string spells a name.
    static func spells(_ json: Span<UInt8>, _ range: Range<Int>, _ name: [UInt8]) -> Bool {
        var position = range.lowerBound
        var matched = 0
        while position < range.upperBound {
            if json[position] != UInt8(ascii: "\\") {
                guard matched < name.count, json[position] == name[matched] else { return false }
                matched += 1
                position += 1
                continue
            }
            guard let scalar = self.scalar(json, &position, range.upperBound) else { return false }
            for byte in Unicode.UTF8.encode(scalar) ?? Unicode.UTF8.encodedReplacementCharacter {
                guard matched < name.count, byte == name[matched] else { return false }
                matched += 1
            }
        }
        return matched == name.count
    }

    /// The character an escape stands for; nil for half of a surrogate pair, which is no character.
    private static func scalar(_ json: Span<UInt8>, _ position: inout Int, _ end: Int) -> Unicode.Scalar? {
        let kind = json[position + 1]
        guard kind == UInt8(ascii: "u") else {
            position += 2
            switch kind {
            case UInt8(ascii: "b"): return "\u{08}"
            case UInt8(ascii: "f"): return "\u{0C}"
            case UInt8(ascii: "n"): return "\n"
            case UInt8(ascii: "r"): return "\r"
            case UInt8(ascii: "t"): return "\t"
            default: return Unicode.Scalar(kind)
            }
        }
        let first = self.codeUnit(json, at: position)
        position += 6
        guard first & 0xFC00 == 0xD800 else { return Unicode.Scalar(first) }
        guard position + 6 <= end, json[position] == UInt8(ascii: "\\"), json[position + 1] == UInt8(ascii: "u") else {
            return nil
        }
        let second = self.codeUnit(json, at: position)
        guard second & 0xFC00 == 0xDC00 else { return nil }
        position += 6
        return Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + second & 0x3FF)
    }

    private static func codeUnit(_ json: Span<UInt8>, at position: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in (position + 2)..<(position + 6) {
            value = value << 4 | UInt32(FieldOctets.hexValue(json[index]) ?? 0)
        }
        return value
    }
}
