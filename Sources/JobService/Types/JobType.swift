/// The kinds of work this service does.
enum JobType: String, Sendable, Hashable, CaseIterable {
    /// Counts characters, words, lines, sentences and the most frequent words.
    case count
    /// Digests and checksums of a text.
    case hash
    /// A chain of changes to a text.
    case transform
    /// Works through a text in steps with a pause after each, and reports progress.
    case slow
    /// Asks a model server that speaks the OpenAI-compatible API.
    case http
}
