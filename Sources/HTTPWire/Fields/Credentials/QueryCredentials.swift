/// Finds API keys in query strings, to refuse them and to keep them out of logs.
///
/// A parameter counts if its name, percent-decoded and in lower case, is `access_token` (RFC 6750 §2.3) or `api_key`.
public enum QueryCredentials {
    /// The range of the first such parameter's value at or after `start`; call again with its end to find the next.
    /// `start` must be 0 or the end of a value found before.
    public static func firstValue(in query: Span<UInt8>, from start: Int = 0) -> Range<Int>? {
        var position = max(0, start)
        while position < query.count {
            if query[position] == UInt8(ascii: "&") {
                position += 1
                continue
            }
            let end = FieldOctets.position(of: UInt8(ascii: "&"), in: query, from: position, to: query.count)
            let equals = FieldOctets.position(of: UInt8(ascii: "="), in: query, from: position, to: end)
            if equals < end, self.isSensitive(query, position..<equals) { return (equals + 1)..<end }
            position = end
        }
        return nil
    }

    private static func isSensitive(_ query: Span<UInt8>, _ name: Range<Int>) -> Bool {
        self.spells(query, name, "access_token") || self.spells(query, name, "api_key")
    }

    private static func spells(_ query: Span<UInt8>, _ name: Range<Int>, _ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard name.count >= length, name.count <= 3 * length else { return false }
        return text.withUTF8Buffer { text in
            var index = name.lowerBound
            for expected in text {
                guard index < name.upperBound else { return false }
                var byte = query[index]
                index += 1
                if byte == UInt8(ascii: "%"), index + 1 < name.upperBound,
                    let high = FieldOctets.hexValue(query[index]), let low = FieldOctets.hexValue(query[index + 1])
                {
                    byte = high << 4 | low
                    index += 2
                }
                guard FieldOctets.lowercased(byte) == expected else { return false }
            }
            return index == name.upperBound
        }
    }
}
