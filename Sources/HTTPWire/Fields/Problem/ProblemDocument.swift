public import NIOCore

/// An RFC 9457 problem, ready to be rendered. Which problems there are is for the error catalogue to know.
public struct ProblemDocument: Sendable {
    /// The media type, exactly (PD-3).
    public static let contentType: StaticString = "application/problem+json"

    /// What came before the slug in `type`: `urn:tollgate:problem:`, or the address of the pages.
    public var typeBase: String
    /// The problem's slug: the end of `type`, and the value of `code`.
    public var code: String
    /// One constant text for each slug (PD-2).
    public var title: String
    /// The status of the response it is sent with (PD-1).
    public var status: Int
    /// What happened this time and how to mend it; no secrets, no upstream's name.
    public var detail: String?
    /// A URI reference that names this occurrence.
    public var instance: String?
    /// The request's id.
    public var requestID: String
    /// Further members, in order.
    public var extensions: [Extension]

    /// A further member.
    public struct Extension: Sendable, Equatable {
        /// `[A-Za-z][A-Za-z0-9_]{2,}`, not one of the names above and not twice: else it is left out.
        public var name: String
        /// Its value.
        public var value: Value

        public init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// A further member's value.
    public enum Value: Sendable, Equatable {
        case integer(Int)
        case string(String)
        /// Bytes that came from outside, which need not be UTF-8.
        case bytes([UInt8])
        case strings([String])
        case errors([FieldError])
    }

    /// One element of `errors[]`.
    public struct FieldError: Sendable, Equatable {
        /// What is wrong with it and what was expected.
        public var detail: String
        /// Where it is.
        public var place: Place

        public init(detail: String, place: Place) {
            self.detail = detail
            self.place = place
        }
    }

    /// The part of a request an error is about.
    public enum Place: Sendable, Equatable {
        /// A JSON Pointer into the content, as a URI fragment (`#/limits/0`).
        case pointer(String)
        /// A query or path parameter.
        case parameter(String)
        /// A header field.
        case header(String)
    }

    public init(
        typeBase: String, code: String, title: String, status: Int, detail: String? = nil, instance: String? = nil,
        requestID: String, extensions: [Extension] = []
    ) {
        self.typeBase = typeBase
        self.code = code
        self.title = title
        self.status = status
        self.detail = detail
        self.instance = instance
        self.requestID = requestID
        self.extensions = extensions
    }

    /// Appends the document as one line of JSON.
    public func append(to buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"type\":")
        JSONText.appendString(self.typeBase + self.code, to: &buffer)
        buffer.writeStaticString(",\"title\":")
        JSONText.appendString(self.title, to: &buffer)
        buffer.writeStaticString(",\"status\":")
        JSONText.appendInteger(self.status, to: &buffer)
        if let detail = self.detail {
            buffer.writeStaticString(",\"detail\":")
            JSONText.appendString(detail, to: &buffer)
        }
        if let instance = self.instance {
            buffer.writeStaticString(",\"instance\":")
            JSONText.appendString(instance, to: &buffer)
        }
        buffer.writeStaticString(",\"code\":")
        JSONText.appendString(self.code, to: &buffer)
        buffer.writeStaticString(",\"request_id\":")
        JSONText.appendString(self.requestID, to: &buffer)
        self.appendExtensions(to: &buffer)
        buffer.writeInteger(UInt8(ascii: "}"))
    }

    /// Appends the document as a server-sent event named `error`: how a problem is told once an event stream has begun
    /// (PD-5). The JSON has no line end in it, so it is one `data` line.
    public func appendEvent(to buffer: inout ByteBuffer) {
        buffer.writeStaticString("event: error\ndata: ")
        self.append(to: &buffer)
        buffer.writeStaticString("\n\n")
    }

    private static let reserved = ["type", "title", "status", "detail", "instance", "code", "request_id"]

    private func appendExtensions(to buffer: inout ByteBuffer) {
        for (index, member) in self.extensions.enumerated() {
            guard Self.isName(member.name), !Self.reserved.contains(member.name),
                !self.extensions[..<index].contains(where: { $0.name == member.name })
            else { continue }
            buffer.writeInteger(UInt8(ascii: ","))
            JSONText.appendString(member.name, to: &buffer)
            buffer.writeInteger(UInt8(ascii: ":"))
            switch member.value {
            case .integer(let value): JSONText.appendInteger(value, to: &buffer)
            case .string(let text): JSONText.appendString(text, to: &buffer)
            case .bytes(let bytes): JSONText.appendString(bytes.span, to: &buffer)
            case .strings(let texts): JSONText.appendStrings(texts, to: &buffer)
            case .errors(let errors): Self.append(errors, to: &buffer)
            }
        }
    }

    private static func append(_ errors: [FieldError], to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "["))
        for (index, error) in errors.enumerated() {
            if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
            buffer.writeStaticString("{\"detail\":")
            JSONText.appendString(error.detail, to: &buffer)
            switch error.place {
            case .pointer(let text):
                buffer.writeStaticString(",\"pointer\":")
                JSONText.appendString(text, to: &buffer)
            case .parameter(let text):
                buffer.writeStaticString(",\"parameter\":")
                JSONText.appendString(text, to: &buffer)
            case .header(let text):
                buffer.writeStaticString(",\"header\":")
                JSONText.appendString(text, to: &buffer)
            }
            buffer.writeInteger(UInt8(ascii: "}"))
        }
        buffer.writeInteger(UInt8(ascii: "]"))
    }

    /// RFC 9457 §3.2: a letter, then letters, digits and `_`, three characters or more.
    private static func isName(_ name: String) -> Bool {
        let bytes = name.utf8
        guard bytes.count >= 3, let first = bytes.first, FieldOctets.isAlpha(first) else { return false }
        return bytes.allSatisfy { FieldOctets.isAlpha($0) || FieldOctets.isDigit($0) || $0 == UInt8(ascii: "_") }
    }
}
