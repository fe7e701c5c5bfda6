/// `{"text": …, "top": 10}`
struct CountInput: Sendable, Hashable {
    var text: String
    /// How many of the most frequent words are listed.
    var top: Int

    init(text: String, top: Int = 10) {
        self.text = text
        self.top = top
    }

    init?(_ fields: inout FieldReader) {
        let text = fields.string("text", bytesMax: JobInput.textBytesMax)
        let top = fields.integer("top", in: 0...100)
        guard let text else { return nil }
        self.init(text: text, top: top ?? 10)
    }

    /// Counts what a reader would count: characters are grapheme clusters, words runs of letters and digits
    /// (apostrophes and hyphens inside them included), sentences end in `.`, `!`, `?` or `…` before white space.
    func run() -> JobResult {
        var frequencies: [String: Int] = [:]
        let words = TextWords.words(of: self.text)
        for word in words { frequencies[word.lowercased(), default: 0] += 1 }
        let frequent = frequencies.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(self.top)
        let output: JSONValue = [
            "characters": .integer(self.text.count),
            "bytes": .integer(self.text.utf8.count),
            "words": .integer(words.count),
            "lines": .integer(TextWords.lines(of: self.text)),
            "sentences": .integer(TextWords.sentences(of: self.text)),
            "most_frequent": .array(frequent.map { ["word": .string($0.key), "count": .integer($0.value)] }),
        ]
        return JobResult(output: output, usage: JobUsage(textBytes: self.text.utf8.count))
    }
}
