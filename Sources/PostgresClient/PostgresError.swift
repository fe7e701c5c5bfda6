/// What went wrong between us and PostgreSQL, for the code that must decide and for the person who must mend it.
///
/// `description` never holds parameter values; `detail` may (the server quotes the offending key), so print it only
/// where such values may be seen.
public struct PostgresError: Error, Sendable, Hashable {
    /// Which kind of failure; it decides what a caller may do about it.
    public enum Source: String, Sendable, Hashable {
        /// The address or a parameter is not usable; trying again does not help.
        case configuration
        /// No server answers there, or it is starting up or shutting down.
        case unreachable
        /// The server refused the user, the password or the database.
        case authentication
        /// The connection died; a statement under way may or may not have taken effect.
        case connectionLost
        /// A unique, foreign-key, check, not-null or exclusion rule refused the data (class 23).
        case constraint
        /// Serialization failure or deadlock: the whole transaction may be tried again (40001, 40P01).
        case serialization
        /// The calling task was cancelled.
        case cancelled
        /// The statement ran longer than it may, or a lock was not had in time.
        case timeout
        /// Every connection is in use, and the queue is full or the wait took too long.
        case busy
        /// The pool was closed.
        case closed
        /// A value does not fit: refused by the server (class 22), or not decodable as the asked type.
        case data
        /// The statement itself is wrong: syntax, unknown table, missing right (class 42 and all others).
        case statement
        /// This library was used against its contract.
        case misuse
    }

    /// The kind of failure.
    public let source: Source
    /// The server's five-character code, if the server spoke.
    public var sqlState: String?
    /// What happened, in one sentence.
    public let message: String
    /// The server's further detail. May quote data.
    public var detail: String?
    /// How to mend it.
    public var hint: String?
    /// Name of the constraint that refused.
    public var constraint: String?
    /// Table the error is about.
    public var table: String?
    /// Column the error is about.
    public var column: String?
    /// Text of the statement, with `$1` in place of values.
    public var query: String?

    /// Makes an error of our own.
    public init(_ source: Source, _ message: String, hint: String? = nil) {
        self.source = source
        self.message = message
        self.hint = hint
    }

    /// True where the same work may be tried again as a whole, because it surely took no effect.
    public var isRetryable: Bool {
        switch self.source {
        case .serialization, .unreachable, .busy: true
        default: false
        }
    }
}

extension PostgresError: CustomStringConvertible {
    /// One line for people: what, where, and how to mend it.
    public var description: String {
        var text = "PostgreSQL \(self.source.rawValue): \(self.message)"
        if let sqlState { text += " [\(sqlState)]" }
        if let constraint { text += " (constraint \(constraint))" }
        if let hint { text += ". \(hint)" }
        if let query { text += "; statement: \(query.singleLine(charactersMax: 300))" }
        return text
    }
}

extension String {
    /// Without white space at its end: libpq ends its messages with a newline.
    var trimmedTail: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }

    /// Runs of white space become one blank; longer texts end in an ellipsis.
    func singleLine(charactersMax: Int) -> String {
        let line = self.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count <= charactersMax ? line : line.prefix(charactersMax) + "…"
    }
}
