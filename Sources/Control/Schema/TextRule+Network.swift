extension TextRule {
    /// An address or a network, IPv4 or IPv6: exactly those texts that are one, so that the API's document says it all.
    static let network = TextRule(
        pattern: TextPattern(.either([Self.version4, Self.version6])), length: 2...49,
        expected: "an address or network, such as 192.0.2.0/24", example: "192.0.2.0/24")

    /// Four numbers from 0 to 255, and perhaps a length.
    private static let version4: [TextPattern.Part] =
        Self.address4
        + [.group([.literal("/"), .either([[.literal("3"), Self.digit("0-2")], Self.upTo29])], 0...1)]

    /// RFC 4291 §2.2: eight groups, or fewer with `::` for the rest; the last two may be an IPv4 address, as PostgreSQL
    /// writes them of networks such as `::192.0.2.1/128`.
    private static let version6: [TextPattern.Part] = [
        .either(Self.words + [[.either(Self.wordsBefore4)] + Self.address4]),
        .group([.literal("/"), .either([[.literal("12"), Self.digit("0-8")], Self.hundreds, Self.upTo99])], 0...1),
    ]

    private static let words: [[TextPattern.Part]] =
        [
            [Self.before(7...7)] + Self.word, [Self.before(1...7), .literal(":")], [.literal(":"), Self.after(1...7)],
            [.literal("::")],
        ] + (1...6).map { [Self.before(1...$0), Self.after(1...(7 - $0))] }
    /// Six groups, or fewer with `::`, up to the address that ends them.
    private static let wordsBefore4: [[TextPattern.Part]] =
        [
            [Self.before(6...6)], [Self.before(1...5), .literal(":")], [.literal("::"), Self.before(0...5)],
        ] + (1...4).map { [Self.before(1...$0), Self.after(1...(5 - $0)), .literal(":")] }

    private static func before(_ count: ClosedRange<Int>) -> TextPattern.Part {
        .group(Self.word + [.literal(":")], count)
    }
    private static func after(_ count: ClosedRange<Int>) -> TextPattern.Part {
        .group([.literal(":")] + Self.word, count)
    }

    private static let address4: [TextPattern.Part] = Self.octet + [.group([.literal(".")] + Self.octet, 3...3)]
    private static let word: [TextPattern.Part] = [.some(.init("0-9A-Fa-f"), 1...4)]
    private static let octet: [TextPattern.Part] = [
        .either([
            [.literal("25"), Self.digit("0-5")], [.literal("2"), Self.digit("0-4"), Self.digit("0-9")],
            [.literal("1"), .some(.init("0-9"), 2...2)], Self.upTo99,
        ])
    ]
    private static let upTo99: [TextPattern.Part] = [.some(.init("1-9"), 0...1), Self.digit("0-9")]
    private static let upTo29: [TextPattern.Part] = [.some(.init("12"), 0...1), Self.digit("0-9")]
    private static let hundreds: [TextPattern.Part] = [.literal("1"), Self.digit("01"), Self.digit("0-9")]

    private static func digit(_ set: String) -> TextPattern.Part { .some(.init(set), 1...1) }
}
