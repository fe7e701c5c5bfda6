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
        .either(
            [
                [.group(Self.word + [.literal(":")], 7...7)] + Self.word,
                [.group(Self.word + [.literal(":")], 1...7), .literal(":")],
                [.literal(":"), .group([.literal(":")] + Self.word, 1...7)],
                [.literal("::")],
                [.group(Self.word + [.literal(":")], 6...6)] + Self.address4,
                [.literal("::"), .group(Self.word + [.literal(":")], 0...5)] + Self.address4,
            ]
                + (1...6).map { before in
                    [
                        .group(Self.word + [.literal(":")], 1...before),
                        .group([.literal(":")] + Self.word, 1...(7 - before)),
                    ]
                }
                + [[.group(Self.word + [.literal(":")], 1...5), .literal(":")] + Self.address4]
                + (1...4).map { before in
                    [
                        .group(Self.word + [.literal(":")], 1...before),
                        .group([.literal(":")] + Self.word, 1...(5 - before)), .literal(":"),
                    ] + Self.address4
                }),
        .group([.literal("/"), .either([[.literal("12"), Self.digit("0-8")], Self.hundreds, Self.upTo99])], 0...1),
    ]

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
