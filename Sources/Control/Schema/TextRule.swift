/// What a text must look like.
struct TextRule: Sendable {
    let pattern: TextPattern
    /// Unicode scalars.
    let length: ClosedRange<Int>
    /// For people, after "expected".
    let expected: String
    /// One that fits, for the document.
    let example: String

    /// nil when the text fits; else what was expected.
    func complaint(_ text: String) -> String? {
        self.length.contains(text.unicodeScalars.count) && self.pattern.matches(text)
            ? nil : "expected \(self.expected)"
    }
}

extension TextRule {
    private static let alphanumeric = TextPattern.CharacterClass("0-9A-Za-z")
    private static let printable = TextPattern.CharacterClass("^\\x00-\\x1f\\x7f")

    /// An id of a record, by its prefix such as `org`.
    static func id(_ prefix: String) -> TextRule {
        TextRule(
            pattern: TextPattern(.literal("\(prefix)_"), .some(Self.alphanumeric, 1...60)),
            length: (prefix.count + 2)...(prefix.count + 61), expected: "an id, \(prefix)_...",
            example: "\(prefix)_01JABCDEFGHJKMNPQRSTVWXYZ0")
    }

    /// Text for people: any characters but controls.
    static func free(_ length: ClosedRange<Int>, example: String = "Example") -> TextRule {
        TextRule(
            pattern: TextPattern(.some(Self.printable, length)), length: length,
            expected: "\(length.lowerBound) to \(length.upperBound) characters without control characters",
            example: example)
    }

    /// Letters and digits and what else is listed, as `[...]` of a regular expression has it.
    static func characters(
        _ set: String, _ length: ClosedRange<Int>, first: String? = nil, expected: String, example: String
    ) -> TextRule {
        let all = TextPattern.CharacterClass(set)
        guard let first else {
            return TextRule(
                pattern: TextPattern(.some(all, length)), length: length, expected: expected, example: example)
        }
        return TextRule(
            pattern: TextPattern(
                .some(.init(first), 1...1), .some(all, (length.lowerBound - 1)...(length.upperBound - 1))),
            length: length, expected: expected, example: example)
    }

    static let slug = TextRule(
        pattern: TextPattern(
            .some(.init("a-z0-9"), 1...63),
            .group([.literal("-"), .some(.init("a-z0-9"), 1...62)], 0...31)),
        length: 1...63, expected: "lower-case letters and digits with single hyphens between, 63 at most",
        example: "acme")
    static let email = TextRule(
        pattern: TextPattern(
            .some(.init("A-Za-z0-9._%+-"), 1...64), .literal("@"), .some(.init("A-Za-z0-9-"), 1...63),
            .group([.literal("."), .some(.init("A-Za-z0-9-"), 1...63)], 0...4)),
        length: 3...320, expected: "an address such as ada@example.com", example: "ada@example.com")
    static let planCode = Self.characters(
        "A-Z0-9_", 1...32, first: "A-Z", expected: "a plan's code, such as PRO", example: "PRO")
    static let flagKey = Self.characters(
        "a-z0-9._-", 1...64, first: "a-z0-9", expected: "a flag's name, such as bulk-jobs", example: "bulk-jobs")
    static let scope = Self.characters(
        "A-Za-z0-9:._-", 1...64, first: "A-Za-z0-9", expected: "a scope, such as jobs:write", example: "jobs:write")
    static let meter = Self.characters(
        "a-z0-9_.-", 1...64, first: "a-z", expected: "a meter's name, such as jobs", example: "jobs")
    static let limitName = Self.characters(
        "A-Za-z0-9_-", 1...32, expected: "a limit's name, such as requests", example: "requests")
    static let cursor = Self.characters(
        "0-9A-Za-z_.-", 1...128, expected: "a cursor from `next_cursor`", example: "org_01JABCDEFGHJKMNPQRSTVWXYZ0")
    static let idempotencyKey = Self.characters(
        "0-9A-Za-z_.:/+=~-", 1...255, expected: "1 to 255 letters, digits and _.:/+=~-",
        example: "4f9c5b1e-7d0a-4c8e-9f0e-2f1f0c7d8a11")
    static let entityTag = Self.characters(
        "!-~", 1...200, expected: "an entity tag as it stood in `ETag`", example: "\"5d41402abc4b2a76\"")
}
