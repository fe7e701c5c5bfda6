/// Name of a job: `job_` and 26 characters of Crockford's base 32, the first ten of them the time in milliseconds,
/// the rest 80 random bits. Ids therefore sort by creation, which makes them the cursor of a list as well.
struct JobID: Sendable, Hashable {
    /// The id as clients see it.
    let text: String

    static let prefix = "job_"
    static let characters = 26
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// Takes an id that a client sent; nil if it cannot be one.
    init?(_ text: some StringProtocol) {
        guard text.hasPrefix(Self.prefix) else { return nil }
        let tail = text.utf8.dropFirst(Self.prefix.utf8.count)
        guard tail.count == Self.characters, tail.allSatisfy(Self.alphabet.contains) else { return nil }
        self.text = String(text)
    }

    /// Makes a new id.
    init(unixMs: Int64, random: inout some RandomNumberGenerator) {
        var digits: [UInt8] = []
        for position in (0..<10).reversed() {
            digits.append(Self.alphabet[Int((unixMs >> (5 * Int64(position))) & 31)])
        }
        for _ in 10..<Self.characters { digits.append(Self.alphabet[Int(random.next() & 31)]) }
        self.text = Self.prefix + String(decoding: digits, as: UTF8.self)
    }

    /// An id that the records hold; they are trusted.
    init(stored text: String) { self.text = text }
}

extension JobID: CustomStringConvertible {
    var description: String { self.text }
}
