/// `{"text": …, "steps": ["title_case", "reverse_words"]}`
struct TransformInput: Sendable, Hashable {
    enum Step: String, Sendable, CaseIterable {
        case upper, lower, slug
        case reverseWords = "reverse_words"
        case titleCase = "title_case"
    }

    var text: String
    /// Applied from the first to the last.
    var steps: [Step]

    init(text: String, steps: [Step]) {
        self.text = text
        self.steps = steps
    }

    init?(_ fields: inout FieldReader) {
        let text = fields.string("text", bytesMax: JobInput.textBytesMax)
        if !fields.has("steps") { fields.refuse("steps", "missing: a list of steps is required") }
        let steps = fields.choices("steps", of: Step.self, countMax: 16)
        guard let text, let steps else { return nil }
        self.init(text: text, steps: steps)
    }

    /// The text after all steps.
    func run() -> JobResult {
        let text = self.steps.reduce(self.text) { $1.applied(to: $0) }
        return JobResult(
            output: ["text": .string(text), "bytes": .integer(text.utf8.count)],
            usage: JobUsage(textBytes: self.text.utf8.count))
    }
}

extension TransformInput.Step {
    /// One change to a text.
    func applied(to text: String) -> String {
        switch self {
        case .upper: text.uppercased()
        case .lower: text.lowercased()
        case .reverseWords: Self.reversedWords(text)
        case .titleCase: Self.titleCased(text)
        case .slug: Self.slug(text)
        }
    }

    /// The words in reverse order, line by line; white space between them becomes one blank.
    private static func reversedWords(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { line in line.split(whereSeparator: \.isWhitespace).reversed().joined(separator: " ") }
            .joined(separator: "\n")
    }

    /// First letters of words upper-case, all others lower-case.
    private static func titleCased(_ text: String) -> String {
        var cased = ""
        var insideWord = false
        for character in text {
            let isWord = TextWords.isWordCharacter(character) || (insideWord && "'’".contains(character))
            cased += isWord && !insideWord ? character.uppercased() : character.lowercased()
            insideWord = isWord
        }
        return cased
    }

    /// Lower-case letters and digits with single hyphens between words, for addresses.
    private static func slug(_ text: String) -> String {
        TextWords.words(of: text)
            .map { word in word.lowercased().filter(TextWords.isWordCharacter) }
            .joined(separator: "-")
    }
}
