/// What a job consumed. A unit is 100 bytes of text, begun ones counting whole; a model's tokens count as four bytes each.
struct JobUsage: Sendable, Hashable {
    /// What is charged.
    var units: Int
    /// Tokens that a model server counted; nil for types that use none.
    var promptTokens: Int?
    var completionTokens: Int?

    /// Nothing was delivered, so nothing is charged.
    static let none = JobUsage(units: 0)

    init(units: Int, promptTokens: Int? = nil, completionTokens: Int? = nil) {
        self.units = units
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
    }

    /// Usage of work on so many bytes of text: at least one unit.
    init(textBytes: Int) { self.init(units: max(1, (textBytes + 99) / 100)) }

    /// Usage that a model server reported.
    init(promptTokens: Int, completionTokens: Int) {
        let tokens = max(0, promptTokens) + max(0, completionTokens)
        self.init(
            units: JobUsage(textBytes: tokens * 4).units, promptTokens: promptTokens,
            completionTokens: completionTokens)
    }
}

extension JobUsage {
    /// `{"units":n}`, with `tokens`, `prompt_tokens` and `completion_tokens` where a model was asked.
    var json: JSONValue {
        var members: [String: JSONValue] = ["units": .integer(self.units)]
        if let promptTokens, let completionTokens {
            members["prompt_tokens"] = .integer(promptTokens)
            members["completion_tokens"] = .integer(completionTokens)
            members["tokens"] = .integer(promptTokens + completionTokens)
        }
        return .object(members)
    }
}
