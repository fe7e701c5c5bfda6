/// One event of a `text/event-stream` (WHATWG HTML, section 9.2).
struct ServerSentEvent: Sendable, Hashable {
    /// Nil leaves the client's last event id as it is.
    var id: Int?
    var name: String
    /// One line of JSON.
    var data: JSONValue

    /// The event as sent. JSON without pretty printing holds no line ends, so one `data:` line is enough.
    func encoded() throws -> String {
        var text = ""
        if let id { text += "id: \(id)\n" }
        text += "event: \(self.name)\n"
        text += "data: \(try self.data.encoded())\n\n"
        return text
    }

    /// A comment: a sign of life that clients ignore.
    static let keepAlive = ": keep-alive\n\n"
    /// How long a client should wait before it connects again, in milliseconds.
    static let retry = "retry: 2000\n\n"
}
