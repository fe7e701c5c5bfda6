/// `{"text": …, "steps": 5, "step_ms": 200}`
struct SlowInput: Sendable, Hashable {
    var text: String
    /// Parts that the text is cut into.
    var steps: Int
    /// Pause after each part, in milliseconds.
    var stepMs: Int

    init(text: String, steps: Int = 5, stepMs: Int = 200) {
        self.text = text
        self.steps = steps
        self.stepMs = stepMs
    }

    init?(_ fields: inout FieldReader) {
        let text = fields.string("text", bytesMax: JobInput.textBytesMax)
        let steps = fields.integer("steps", in: 1...1_000)
        let stepMs = fields.integer("step_ms", in: 0...60_000)
        guard let text else { return nil }
        self.init(text: text, steps: steps ?? 5, stepMs: stepMs ?? 200)
    }

    /// Counts and digests the text part by part.
    /// - Throws: `CancellationError` between two parts.
    func run(progress: JobProgressReport) async throws -> JobResult {
        let words = TextWords.words(of: self.text)
        var digest = Sha256()
        var characters = 0
        for step in 0..<self.steps {
            let part = words[(words.count * step / self.steps)..<(words.count * (step + 1) / self.steps)]
            for word in part {
                digest.update(String(word))
                characters += word.count
            }
            try await Task.sleep(for: .milliseconds(self.stepMs))
            await progress(
                JobProgress(done: step + 1, total: self.steps, message: "\(part.count) words in this step"))
        }
        let output: JSONValue = [
            "words": .integer(words.count),
            "characters_in_words": .integer(characters),
            "steps": .integer(self.steps),
            "sha256_of_words": .string(digest.finish().hex),
        ]
        return JobResult(output: output, usage: JobUsage(textBytes: self.text.utf8.count))
    }
}
