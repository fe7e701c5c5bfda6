/// A failure for the person at the terminal: what went wrong, and how to mend it.
struct CommandFailure: Error, Sendable, CustomStringConvertible {
    let message: String
    let hint: String?
    let status: ExitStatus

    init(_ message: String, hint: String? = nil, status: ExitStatus = .failure) {
        self.message = message
        self.hint = hint
        self.status = status
    }

    var description: String { self.hint.map { "\(self.message)\n\($0)" } ?? self.message }
}
