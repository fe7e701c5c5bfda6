/// Makes the ids of records: a prefix that names the kind (`org_`, `key_`, `req_`), then 26 characters of Crockford's
/// base32 that hold 48 bits of Unix milliseconds and 80 random bits (the layout of ULID), so that ids sort by age.
public enum RecordID {
    /// Characters after the prefix.
    public static let length = 26

    /// `random` gives one uniform byte a call and is called ten times. Milliseconds beyond 48 bits wrap.
    public static func make(prefix: String, nowMs: Int, random: () -> UInt8) -> String {
        var bytes = Array(prefix.utf8)
        bytes.reserveCapacity(bytes.count + length)
        append(to: &bytes, nowMs: nowMs, random: random)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the 26 characters only, for callers that keep ids as bytes.
    public static func append(to bytes: inout [UInt8], nowMs: Int, random: () -> UInt8) {
        var high = UInt64(truncatingIfNeeded: nowMs) & 0xFFFF_FFFF_FFFF
        high = high << 16 | UInt64(random()) << 8 | UInt64(random())
        var low: UInt64 = 0
        for _ in 0..<8 { low = low << 8 | UInt64(random()) }
        // 128 bits make 25 digits of five bits and a first digit of three.
        bytes.append(alphabet(high >> 61))
        for shift in stride(from: 56, through: 1, by: -5) { bytes.append(alphabet(high >> UInt64(shift))) }
        bytes.append(alphabet(high << 4 | low >> 60))
        for shift in stride(from: 55, through: 0, by: -5) { bytes.append(alphabet(low >> UInt64(shift))) }
    }

    /// Whether `id` is the prefix and 26 digits of Crockford's alphabet, upper-case, of which the first is at most 7.
    public static func isValid(_ id: String, prefix: String) -> Bool {
        guard id.hasPrefix(prefix) else { return false }
        let digits = id.utf8.dropFirst(prefix.utf8.count)
        guard digits.count == length, let first = digits.first, first <= 0x37 else { return false }
        return digits.allSatisfy { byte in
            switch byte {
            case 0x30...0x39: true
            case 0x41...0x5A: byte != 0x49 && byte != 0x4C && byte != 0x4F && byte != 0x55
            default: false
            }
        }
    }

    /// The digit for the low five bits: 0-9 and A-Z without I, L, O and U.
    private static func alphabet(_ bits: UInt64) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: bits & 31)
        let letters: StaticString = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        return letters.utf8Start[Int(value)]
    }
}
