/// The 32 bytes of a SHA-256, inline as four big-endian words: a dictionary key that costs no allocation.
///
/// Equality looks at all 32 bytes whatever they hold, so comparing a secret's digest tells nothing by its duration.
public struct SHA256Digest: Hashable, Sendable {
    /// Bytes 0–7, big-endian.
    public let word0: UInt64
    /// Bytes 8–15, big-endian.
    public let word1: UInt64
    /// Bytes 16–23, big-endian.
    public let word2: UInt64
    /// Bytes 24–31, big-endian.
    public let word3: UInt64

    /// A digest from its words, first bytes first.
    public init(word0: UInt64, word1: UInt64, word2: UInt64, word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// The digest of a span.
    public init(of bytes: Span<UInt8>) {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        self = hasher.finish()
    }

    /// The digest of a text's UTF-8.
    public init(of text: String) {
        self.init(of: text.utf8.span)
    }

    /// A digest from its 32 raw bytes; nil for any other count.
    public init?(bytes: Span<UInt8>) {
        guard bytes.count == 32 else { return nil }
        func word(_ start: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in start..<(start + 8) { value = value << 8 | UInt64(bytes[index]) }
            return value
        }
        self.init(word0: word(0), word1: word(8), word2: word(16), word3: word(24))
    }

    /// A digest from its 64 hex digits, either case; nil for anything else.
    public init?(hex: Span<UInt8>) {
        guard hex.count == 64 else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for index in 0..<64 {
            guard let digit = HexText.value(of: hex[index]) else { return nil }
            switch index >> 4 {
            case 0: words.0 = words.0 << 4 | UInt64(digit)
            case 1: words.1 = words.1 << 4 | UInt64(digit)
            case 2: words.2 = words.2 << 4 | UInt64(digit)
            default: words.3 = words.3 << 4 | UInt64(digit)
            }
        }
        self.init(word0: words.0, word1: words.1, word2: words.2, word3: words.3)
    }

    /// A digest from a text of 64 hex digits, either case; nil for anything else.
    public init?(hex: String) {
        self.init(hex: hex.utf8.span)
    }

    /// The 32 bytes.
    public var bytes: InlineArray<32, UInt8> {
        InlineArray { index in
            UInt8(truncatingIfNeeded: self.word(index >> 3) >> UInt64(56 - 8 * (index & 7)))
        }
    }

    /// The 64 lower-case hex digits, as ASCII.
    public var hex: InlineArray<64, UInt8> {
        InlineArray { index in
            let nibble = self.word(index >> 4) >> UInt64(60 - 4 * (index & 15)) & 0xF
            return HexText.digit(UInt8(truncatingIfNeeded: nibble))
        }
    }

    /// The 64 lower-case hex digits.
    public var hexText: String {
        let digits = self.hex
        return String(unsafeUninitializedCapacity: 64) { room in
            for index in 0..<64 { room[index] = digits[index] }
            return 64
        }
    }

    /// Compares all four words before it answers.
    public static func == (left: Self, right: Self) -> Bool {
        let difference =
            (left.word0 ^ right.word0) | (left.word1 ^ right.word1) | (left.word2 ^ right.word2)
            | (left.word3 ^ right.word3)
        return difference == 0
    }

    /// Feeds the first word only: it is uniformly distributed already, and nobody can make many digests share it.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.word0)
    }

    private func word(_ index: Int) -> UInt64 {
        switch index {
        case 0: self.word0
        case 1: self.word1
        case 2: self.word2
        default: self.word3
        }
    }
}
