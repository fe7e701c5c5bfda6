import HTTPWire

/// A field as bytes.
struct SeenField: Equatable, CustomStringConvertible {
    var name: [UInt8]
    var value: [UInt8]
    var description: String { "\(text(self.name)): \(text(self.value))" }
}

/// A message as it was understood, free of ranges, so that two readings can be compared.
struct SeenMessage: Equatable {
    /// Method and target of a request, status of a response.
    var first: [UInt8]
    var second: [UInt8] = []
    var minorVersion: UInt8
    var fields: [SeenField]
    var framing: BodyFraming
    var keepAlive: Bool
    var body: [UInt8] = []
    var trailers: [SeenField] = []
    /// Path, query, host, port and flags, in the order of `RequestHead`.
    var derived: [String] = []
}

/// How a connection's bytes were read: complete messages, and what came after the last of them.
struct SeenConnection: Equatable {
    enum End: Equatable {
        /// Nothing is left over.
        case clean
        /// The last message is not complete.
        case incomplete
        case failed(WireError)
        /// A message said that it is the last one.
        case closed
    }
    var messages: [SeenMessage] = []
    /// The head of a message whose body is not complete. A gateway that streams has acted on it.
    var partial: SeenMessage?
    var end = End.clean
    /// The first byte of the head that was refused.
    var refusedFirstByte: UInt8?
}

/// The lines of `section` as bytes. Also checks that all ranges are inside `bytes` and in order.
func seenFields(_ section: borrowing FieldSection, _ bytes: [UInt8]) -> [SeenField] {
    var seen: [SeenField] = []
    for index in 0..<section.lines.count {
        let line = section.lines[index]
        precondition(line.name.end < line.value.start && line.value.end + 2 <= section.end)
        precondition(section.end <= bytes.count)
        seen.append(SeenField(name: bytes.slice(line.name), value: bytes.slice(line.value)))
    }
    return seen
}

func seenRequest(_ head: borrowing RequestHead, _ bytes: [UInt8]) -> SeenMessage {
    var seen = SeenMessage(
        first: bytes.slice(head.methodRange), second: bytes.slice(head.target.whole), minorVersion: head.minorVersion,
        fields: seenFields(head.fields, bytes), framing: head.framing, keepAlive: head.keepAlive)
    seen.derived = [
        "\(head.method)", "\(head.target.form)", text(bytes.slice(head.target.path)),
        text(bytes.slice(head.target.query)), text(bytes.slice(head.target.pathAndQuery)),
        text(bytes.slice(head.authority.host)), text(bytes.slice(head.authority.port)),
        "expects \(head.expectsContinue)", "upgrade \(head.upgrade)", "trailers \(head.acceptsTrailers)",
    ]
    return seen
}

func seenResponse(_ head: borrowing ResponseHead, _ bytes: [UInt8]) -> SeenMessage {
    var seen = SeenMessage(
        first: Array("\(head.status)".utf8), second: bytes.slice(head.reason), minorVersion: head.minorVersion,
        fields: seenFields(head.fields, bytes), framing: head.framing, keepAlive: head.keepAlive)
    seen.derived = ["interim \(head.isInterim)", "declared \(String(describing: head.declaredLength))"]
    return seen
}
