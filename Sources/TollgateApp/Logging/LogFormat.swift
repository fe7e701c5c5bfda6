/// How log lines look.
enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object a line, for collectors.
    case json
    /// Time, level, message, then `name=value`, for eyes.
    case human
}
