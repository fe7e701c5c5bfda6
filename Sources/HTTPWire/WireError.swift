/// What is wrong with a message, one case per rule of STANDARDS §5 and RFC 9112.
///
/// The raw value is a stable name for logs, metrics and tests.
public enum WireError: String, Error, CaseIterable, Sendable {
    // The start line.
    case requestLineMalformed = "request-line-malformed"
    case statusLineMalformed = "status-line-malformed"
    case startLineTooLong = "start-line-too-long"
    case versionNotSupported = "version-not-supported"
    case methodNotImplemented = "method-not-implemented"
    case targetInvalid = "target-invalid"
    case asteriskWithoutOptions = "asterisk-without-options"

    // Lines and fields.
    case bareLineFeed = "bare-line-feed"
    case bareCarriageReturn = "bare-carriage-return"
    case nulByte = "nul-byte"
    case controlByte = "control-byte"
    case lineFolded = "line-folded"
    case spaceBeforeColon = "space-before-colon"
    case fieldNameInvalid = "field-name-invalid"
    case fieldSectionTooLarge = "field-section-too-large"
    case fieldsTooMany = "fields-too-many"
    case connectionOptionsTooMany = "connection-options-too-many"

    // Host.
    case hostMissing = "host-missing"
    case hostRepeated = "host-repeated"
    case hostInvalid = "host-invalid"

    // Framing.
    case contentLengthRepeated = "content-length-repeated"
    case contentLengthInvalid = "content-length-invalid"
    case contentLengthTooLarge = "content-length-too-large"
    case contentLengthWithTransferEncoding = "content-length-with-transfer-encoding"
    case transferEncodingInvalid = "transfer-encoding-invalid"
    case transferCodingNotImplemented = "transfer-coding-not-implemented"
    case transferEncodingInHTTP10 = "transfer-encoding-in-http-1-0"
    case expectationNotSupported = "expectation-not-supported"
    case contentInTrace = "content-in-trace"

    // The body.
    case chunkSizeInvalid = "chunk-size-invalid"
    case chunkSizeTooLarge = "chunk-size-too-large"
    case chunkExtensionInvalid = "chunk-extension-invalid"
    case chunkExtensionsTooLarge = "chunk-extensions-too-large"
    case chunkNotTerminated = "chunk-not-terminated"
    case trailerFieldRefused = "trailer-field-refused"
    case bodyTruncated = "body-truncated"
}

extension WireError {
    /// The status to answer the client with whose request this is. An upstream's response with any of these is a
    /// protocol error of the upstream: `upstreamStatus`.
    public var status: Int {
        switch self {
        case .startLineTooLong: 414
        case .fieldSectionTooLarge, .fieldsTooMany: 431
        case .versionNotSupported: 505
        case .methodNotImplemented, .transferCodingNotImplemented: 501
        case .expectationNotSupported: 417
        case .statusLineMalformed: 502
        default: 400
        }
    }

    /// The status to answer the client with when an upstream's response cannot be read.
    public static var upstreamStatus: Int { 502 }

    /// Whether the connection that this came from must be closed after the answer. True throughout: once a message has
    /// been refused, nobody can say where on the connection the next one begins.
    public var closesConnection: Bool { true }

    /// One sentence for whoever sent the message: what is wrong and what would be right.
    public var explanation: StaticString {
        switch self {
        case .requestLineMalformed, .statusLineMalformed, .startLineTooLong, .versionNotSupported,
            .methodNotImplemented, .targetInvalid, .asteriskWithoutOptions:
            self.startLineExplanation
        case .hostMissing, .hostRepeated, .hostInvalid, .contentLengthRepeated, .contentLengthInvalid,
            .contentLengthTooLarge, .contentLengthWithTransferEncoding, .transferEncodingInvalid,
            .transferCodingNotImplemented, .transferEncodingInHTTP10, .expectationNotSupported, .contentInTrace:
            self.headExplanation
        case .chunkSizeInvalid, .chunkSizeTooLarge, .chunkExtensionInvalid, .chunkExtensionsTooLarge,
            .chunkNotTerminated, .trailerFieldRefused, .bodyTruncated:
            self.bodyExplanation
        default: self.lineExplanation
        }
    }

    private var startLineExplanation: StaticString {
        switch self {
        case .statusLineMalformed: "The status line must be 'HTTP/1.1', a space, three digits, a space and a phrase."
        case .startLineTooLong: "The first line is longer than this server reads; shorten the request target."
        case .versionNotSupported: "Only HTTP/1.1 and HTTP/1.0 are spoken on this connection."
        case .methodNotImplemented: "The method is not one that this server implements."
        case .targetInvalid:
            "The request target must be a path from '/' on or an http(s) URI, in visible ASCII without fragment."
        case .asteriskWithoutOptions: "The request target '*' is for OPTIONS only."
        default: "The request line must be a method, one space, a target, one space and 'HTTP/1.1'."
        }
    }

    private var lineExplanation: StaticString {
        switch self {
        case .bareLineFeed: "Lines must end in CR LF; a lone LF was found."
        case .bareCarriageReturn: "A CR must be followed by LF."
        case .nulByte: "A NUL byte cannot stand in a header field."
        case .controlByte: "A control character cannot stand in a header field."
        case .lineFolded: "A header line must not begin with white space; write the field on one line."
        case .spaceBeforeColon: "White space cannot stand between a field name and its colon."
        case .fieldSectionTooLarge: "The header section is larger than this server reads."
        case .fieldsTooMany: "There are more header fields than this server reads."
        case .connectionOptionsTooMany: "Connection lists more options than this server reads."
        default: "A header line must be a name made of token characters, a colon and a value."
        }
    }

    private var headExplanation: StaticString {
        switch self {
        case .hostMissing: "An HTTP/1.1 request needs a Host field."
        case .hostRepeated: "A request can have one Host field only."
        case .hostInvalid: "Host must be a name or an address, with or without a port."
        case .contentLengthRepeated: "Content-Length must be given once."
        case .contentLengthInvalid: "Content-Length must be one number in decimal digits."
        case .contentLengthTooLarge: "Content-Length is larger than any message can be."
        case .contentLengthWithTransferEncoding: "Content-Length and Transfer-Encoding exclude one another."
        case .transferEncodingInvalid: "Transfer-Encoding must end in 'chunked', given once."
        case .transferCodingNotImplemented: "The only transfer coding that this server implements is 'chunked'."
        case .transferEncodingInHTTP10: "Transfer-Encoding does not exist in HTTP/1.0."
        case .expectationNotSupported: "The only expectation that this server knows is '100-continue'."
        default: "TRACE cannot have content."
        }
    }

    private var bodyExplanation: StaticString {
        switch self {
        case .chunkSizeInvalid: "A chunk must begin with its size in hexadecimal digits, then CR LF."
        case .chunkSizeTooLarge: "A chunk's size is larger than any message can be."
        case .chunkExtensionInvalid: "A chunk extension cannot hold control characters and must end in CR LF."
        case .chunkExtensionsTooLarge: "The chunk extensions of one message are longer than this server reads."
        case .chunkNotTerminated: "The data of a chunk must be followed by CR LF."
        case .trailerFieldRefused: "A trailer section cannot hold fields that frame, route or authenticate a message."
        default: "The connection ended before the body did."
        }
    }
}
