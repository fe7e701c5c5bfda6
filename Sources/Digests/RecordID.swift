/// Ids of records: a prefix that names the kind (`org_`, `key_`, `job_`, …) and 26 characters of Crockford base32.
///
/// Ten characters are the time in milliseconds, sixteen are 80 random bits: ids sort by creation, which keeps the
/// newest rows of an index together, and cannot be guessed. The same form as a request's id.
public enum RecordID {
    /// A fresh id: the prefix, then 48 bits of Unix time in milliseconds and 80 bits from the kernel.
    public static func make(prefix: String, nowMs: Int64) -> String {
        let random = SecureRandom.bytes(10)
        return prefix + self.text(ms: UInt64(clamping: nowMs), random: random.span)
    }

    /// Whether a text is the prefix followed by 26 upper-case Crockford digits, the first at most `7`.
    public static func isValid(_ text: String, prefix: String) -> Bool {
        guard text.utf8.count == prefix.utf8.count + 26, text.hasPrefix(prefix) else { return false }
        let digits = text.utf8.suffix(26)
        guard let first = digits.first, first <= UInt8(ascii: "7") else { return false }
        return digits.allSatisfy { self.alphabet.contains($0) }
    }

    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    private static func text(ms: UInt64, random: Span<UInt8>) -> String {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in 0..<5 {
            high = high << 8 | UInt64(random[index])
            low = low << 8 | UInt64(random[index + 5])
        }
        return String(unsafeUninitializedCapacity: 26) { room in
            for place in 0..<10 { room[place] = self.digit(ms, shift: 45 - 5 * place) }
            for place in 0..<8 {
                room[10 + place] = self.digit(high, shift: 35 - 5 * place)
                room[18 + place] = self.digit(low, shift: 35 - 5 * place)
            }
            return 26
        }
    }

    private static func digit(_ value: UInt64, shift: Int) -> UInt8 {
        self.alphabet[Int(truncatingIfNeeded: value >> UInt64(shift) & 31)]
    }
}
