import HTTPWire

/// A request, and what STANDARDS §5 (request-smuggling rules) requires to happen to it.
struct SmugglingRow: CustomStringConvertible, Sendable {
    enum Outcome: Equatable, Sendable {
        case refused(WireError, status: Int)
        /// Read as one message with this framing.
        case accepted(BodyFraming)
    }

    let name: String
    let input: String
    let outcome: Outcome
    var description: String { self.name }

    init(_ name: String, _ input: String, _ error: WireError, _ status: Int = 400) {
        (self.name, self.input, self.outcome) = (name, input, .refused(error, status: status))
    }

    init(_ name: String, _ input: String, accepted framing: BodyFraming) {
        (self.name, self.input, self.outcome) = (name, input, .accepted(framing))
    }

    static let all = framing + transferCodings + lines + hostsAndTargets + versionsAndMethods + bodies

    private static func get(_ lines: String) -> String { "GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n" }
    private static func post(_ lines: String, _ body: String) -> String {
        "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n\(body)"
    }
    private static func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked", body) }

    static let framing: [SmugglingRow] = [
        .init(
            "CL then TE", post("Content-Length: 2\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
            .contentLengthWithTransferEncoding),
        .init(
            "TE then CL", post("Transfer-Encoding: chunked\r\nContent-Length: 2", "0\r\n\r\n"),
            .contentLengthWithTransferEncoding),
        .init(
            "TE then CL in other case", post("tRANSFER-eNCODING: chunked\r\ncONTENT-lENGTH: 2", "0\r\n\r\n"),
            .contentLengthWithTransferEncoding),
        .init("two CL, equal", post("Content-Length: 2\r\nContent-Length: 2", "ab"), .contentLengthRepeated),
        .init("two CL, different", post("Content-Length: 2\r\nContent-Length: 3", "abc"), .contentLengthRepeated),
        .init("CL list", post("Content-Length: 2, 2", "ab"), .contentLengthInvalid),
        .init("CL with sign", post("Content-Length: +2", "ab"), .contentLengthInvalid),
        .init("CL negative", post("Content-Length: -2", "ab"), .contentLengthInvalid),
        .init("CL empty", post("Content-Length: ", ""), .contentLengthInvalid),
        .init("CL hexadecimal", post("Content-Length: 0x2", "ab"), .contentLengthInvalid),
        .init("CL with inner space", post("Content-Length: 1 2", "ab"), .contentLengthInvalid),
        .init("CL fraction", post("Content-Length: 2.0", "ab"), .contentLengthInvalid),
        .init("CL above Int", post("Content-Length: 9223372036854775808", "ab"), .contentLengthTooLarge),
        .init("CL above UInt64", post("Content-Length: 18446744073709551618", "ab"), .contentLengthTooLarge),
        .init("CL overflow then letter", post("Content-Length: 99999999999999999999x", ""), .contentLengthInvalid),
        .init("CL before tab", post("Content-Length: 2\t", "ab"), .contentLengthInvalid),
        .init("CL", post("Content-Length: 2", "ab"), accepted: .length(2)),
        .init("CL on GET", get("Content-Length: 0"), accepted: .length(0)),
        .init("TRACE with CL", "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", .contentInTrace),
        .init(
            "TRACE with TE", "TRACE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            .contentInTrace),
    ]

    static let transferCodings: [SmugglingRow] = [
        .init("TE gzip only", post("Transfer-Encoding: gzip", "x"), .transferEncodingInvalid),
        .init("TE identity", post("Transfer-Encoding: identity", ""), .transferEncodingInvalid),
        .init("TE chunked, gzip", post("Transfer-Encoding: chunked, gzip", "0\r\n\r\n"), .transferEncodingInvalid),
        .init(
            "TE chunked, chunked", post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"), .transferEncodingInvalid),
        .init(
            "TE chunked twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
            .transferEncodingInvalid),
        .init("TE xchunked", post("Transfer-Encoding: xchunked", "0\r\n\r\n"), .transferEncodingInvalid),
        .init("TE chunkedx", post("Transfer-Encoding: chunkedx", "0\r\n\r\n"), .transferEncodingInvalid),
        .init("TE quoted", post("Transfer-Encoding: \"chunked\"", "0\r\n\r\n"), .transferEncodingInvalid),
        .init("TE with parameter", post("Transfer-Encoding: chunked;a=b", "0\r\n\r\n"), .transferEncodingInvalid),
        .init("TE empty", post("Transfer-Encoding:", "0\r\n\r\n"), .transferEncodingInvalid),
        .init("TE trailing comma", post("Transfer-Encoding: chunked,", "0\r\n\r\n"), .transferEncodingInvalid),
        .init("TE leading comma", post("Transfer-Encoding: , chunked", "0\r\n\r\n"), .transferEncodingInvalid),
        .init(
            "TE gzip, chunked", post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), .transferCodingNotImplemented,
            501),
        .init(
            "TE gzip, chunked on two lines",
            post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), .transferCodingNotImplemented,
            501),
        .init(
            "TE in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            .transferEncodingInHTTP10),
        .init("TE in capitals", post("Transfer-Encoding: CHUNKED", "0\r\n\r\n"), accepted: .chunked),
        .init("TE between spaces", post("Transfer-Encoding:  chunked  ", "0\r\n\r\n"), accepted: .chunked),
        .init("TE after tab", post("Transfer-Encoding:\tchunked", "0\r\n\r\n"), .transferEncodingInvalid),
        .init("TE before tab", post("Transfer-Encoding: chunked\t", "0\r\n\r\n"), .transferEncodingInvalid),
    ]

    static let lines: [SmugglingRow] = [
        .init("obs-fold", get("X: a\r\n b"), .lineFolded),
        .init("obs-fold with tab", get("X: a\r\n\tb"), .lineFolded),
        .init("fold of an empty value", get("X:\r\n b"), .lineFolded),
        .init("space after start line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .lineFolded),
        .init("space before colon", get("Content-Length : 2"), .spaceBeforeColon),
        .init("tab before colon", get("X\t: 2"), .spaceBeforeColon),
        .init("no colon", get("X"), .fieldNameInvalid),
        .init("no name", get(": x"), .fieldNameInvalid),
        .init("quote in name", get("X\"Y: x"), .fieldNameInvalid),
        .init("slash in name", get("X/Y: x"), .fieldNameInvalid),
        .init("0x80 in name", get("X\u{80}: x"), .fieldNameInvalid),
        .init("DEL in name", get("X\u{7F}: x"), .fieldNameInvalid),
        .init("NUL in name", get("X\0: x"), .nulByte),
        .init("bare LF after field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", .bareLineFeed),
        .init("bare LF after request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", .bareLineFeed),
        .init("bare LF as the last line", "GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed),
        .init("bare CR in value", get("X: a\rb"), .bareCarriageReturn),
        .init("bare CR before colon", get("X\r: b"), .bareCarriageReturn),
        .init("CR CR LF", get("X: a\r"), .bareCarriageReturn),
        .init("bare CR as the last line", "GET / HTTP/1.1\r\nHost: a\r\n\rX", .bareCarriageReturn),
        .init("NUL in value", get("X: a\0b"), .nulByte),
        .init("CTL in value", get("X: a\u{01}b"), .controlByte),
        .init("vertical tab before value", get("Transfer-Encoding: \u{0B}chunked"), .controlByte),
        .init("DEL in value", get("X: a\u{7F}b"), .controlByte),
        .init("obs-text in value", get("X: caf\u{E9} \u{FF}\u{80}"), accepted: .none),
        .init("tab inside value", get("X: a\tb"), accepted: .none),
        .init("empty value", get("X:"), accepted: .none),
        .init("one empty line first", "\r\n" + get("X: y"), accepted: .none),
        .init("two empty lines first", "\r\n\r\n" + get("X: y"), .requestLineMalformed),
        .init("LF first", "\n" + get("X: y"), .bareLineFeed),
        .init("CR first", "\rG" + get("X: y"), .bareCarriageReturn),
    ]

    static let hostsAndTargets: [SmugglingRow] = [
        .init("no Host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", .hostMissing),
        .init("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .hostRepeated),
        .init("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", .hostRepeated),
        .init("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", .hostInvalid),
        .init("Host with list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .hostInvalid),
        .init("Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", .hostInvalid),
        .init("Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .hostInvalid),
        .init("Host with obs-text", "GET / HTTP/1.1\r\nHost: \u{E9}\r\n\r\n", .hostInvalid),
        .init("Host with bad port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", .hostInvalid),
        .init("Host with port too large", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", .hostInvalid),
        .init("Host with open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .hostInvalid),
        .init("no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", accepted: .none),
        .init("Host IPv6", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n", accepted: .none),
        .init("absolute form", "GET http://b.example/x?y HTTP/1.1\r\nHost: a\r\n\r\n", accepted: .none),
        .init("absolute form, user", "GET http://u@b/ HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
        .init("absolute form, no host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
        .init("absolute form, only a query", "GET http://?x HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
        .init("absolute form, other scheme", "GET ftp://b/ HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
        .init("absolute form without Host", "GET http://b/ HTTP/1.1\r\n\r\n", .hostMissing),
        .init("asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", .asteriskWithoutOptions),
        .init("asterisk with OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", accepted: .none),
        .init("authority form with GET", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
        .init("CONNECT with path", "CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
        .init("CONNECT without port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
        .init("CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", accepted: .none),
        .init("fragment in target", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
        .init("obs-text in target", "GET /\u{E9} HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
        .init("NUL in target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
        .init("tab in target", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
        .init("relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid),
    ]

    static let versionsAndMethods: [SmugglingRow] = [
        .init("HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", .versionNotSupported, 505),
        .init("HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", .versionNotSupported, 505),
        .init("HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", .versionNotSupported, 505),
        .init("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .versionNotSupported, 505),
        .init("no version", "GET /\r\nHost: a\r\n\r\n", .requestLineMalformed),
        .init("no version, bare LF", "GET /\nHost: a\r\n\r\n", .bareLineFeed),
        .init("version in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", .requestLineMalformed),
        .init("version with two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", .requestLineMalformed),
        .init("space after version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .requestLineMalformed),
        .init("words after version", "GET / HTTP/1.1 x\r\nHost: a\r\n\r\n", .requestLineMalformed),
        .init("bare CR in version", "GET / HTT\rP/1.1\r\nHost: a\r\n\r\n", .bareCarriageReturn),
        .init("two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineMalformed),
        .init("two spaces before version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineMalformed),
        .init("tab for space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineMalformed),
        .init("space first", " GET / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineMalformed),
        .init("TLS hello", "\u{16}\u{03}\u{01}\u{02}\u{00}\u{01}", .requestLineMalformed),
        .init("unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", .methodNotImplemented, 501),
        .init("method in lower case", "get / HTTP/1.1\r\nHost: a\r\n\r\n", .methodNotImplemented, 501),
        .init("method that begins like one", "GETS / HTTP/1.1\r\nHost: a\r\n\r\n", .methodNotImplemented, 501),
        .init("method with bad byte", "G[T / HTTP/1.1\r\nHost: a\r\n\r\n", .requestLineMalformed),
        .init("Expect", post("Expect: 100-Continue\r\nContent-Length: 2", "ab"), accepted: .length(2)),
        .init("other Expect", get("Expect: 200-ok"), .expectationNotSupported, 417),
        .init("two Expects", get("Expect: 100-continue\r\nExpect: x"), .expectationNotSupported, 417),
        .init("other Expect in HTTP/1.0", "GET / HTTP/1.0\r\nExpect: x\r\n\r\n", accepted: .none),
    ]

    static let bodies: [SmugglingRow] = [
        .init("chunks", chunked("2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"), accepted: .chunked),
        .init("chunk size in capitals with zeros", chunked("00A\r\n0123456789\r\n0\r\n\r\n"), accepted: .chunked),
        .init("chunk extension", chunked("2;a=\"b c\"\r\nab\r\n0;x\r\n\r\n"), accepted: .chunked),
        .init("chunk extension with LF", chunked("2;a\nx\r\nab\r\n0\r\n\r\n"), .chunkExtensionInvalid),
        .init("chunk extension with NUL", chunked("2;a\0\r\nab\r\n0\r\n\r\n"), .chunkExtensionInvalid),
        .init("chunk extension with CR", chunked("2;a\rb\r\nab\r\n0\r\n\r\n"), .bareCarriageReturn),
        .init(
            "chunk extension of 5 KiB", chunked("2;\(String(repeating: "a", count: 5120))\r\nab\r\n0\r\n\r\n"),
            .chunkExtensionsTooLarge),
        .init(
            "many chunk extensions",
            chunked(String(repeating: "1;\(String(repeating: "a", count: 100))\r\na\r\n", count: 50) + "0\r\n\r\n"),
            .chunkExtensionsTooLarge),
        .init("chunk size 0x1", chunked("0x1\r\na\r\n0\r\n\r\n"), .chunkSizeInvalid),
        .init("chunk size with trailing space", chunked("1 \r\na\r\n0\r\n\r\n"), .chunkSizeInvalid),
        .init("chunk size with leading space", chunked(" 1\r\na\r\n0\r\n\r\n"), .chunkSizeInvalid),
        .init("chunk size with sign", chunked("+1\r\na\r\n0\r\n\r\n"), .chunkSizeInvalid),
        .init("chunk size empty", chunked("\r\na\r\n0\r\n\r\n"), .chunkSizeInvalid),
        .init("chunk size only extension", chunked(";a\r\na\r\n0\r\n\r\n"), .chunkSizeInvalid),
        .init("chunk size with LF", chunked("1\na\r\n0\r\n\r\n"), .chunkSizeInvalid),
        .init("chunk size above Int", chunked("8000000000000000\r\na\r\n0\r\n\r\n"), .chunkSizeTooLarge),
        .init("chunk size that wraps", chunked("10000000000000001\r\na\r\n0\r\n\r\n"), .chunkSizeTooLarge),
        .init("chunk size of many zeros", chunked("00000000000000000\r\n\r\n"), .chunkSizeTooLarge),
        .init("chunk without CR LF", chunked("1\r\nab\r\n0\r\n\r\n"), .chunkNotTerminated),
        .init("chunk ended by LF", chunked("1\r\na\n0\r\n\r\n"), .chunkNotTerminated),
        .init("chunk ended by CR", chunked("1\r\na\r0\r\n\r\n"), .chunkNotTerminated),
        .init("trailer", chunked("0\r\nX-Sum: 1\r\n\r\n"), accepted: .chunked),
        .init("CL in trailers", chunked("0\r\nContent-Length: 1\r\n\r\n"), .trailerFieldRefused),
        .init("TE in trailers", chunked("0\r\nTransfer-Encoding: chunked\r\n\r\n"), .trailerFieldRefused),
        .init("Host in trailers", chunked("0\r\nHost: b\r\n\r\n"), .trailerFieldRefused),
        .init("Authorization in trailers", chunked("0\r\nAuthorization: Bearer x\r\n\r\n"), .trailerFieldRefused),
        .init("fold in trailers", chunked("0\r\nX: a\r\n b\r\n\r\n"), .lineFolded),
        .init("bare LF in trailers", chunked("0\r\nX: a\n\r\n"), .bareLineFeed),
        .init("trailers ended by LF", chunked("0\r\n\n"), .bareLineFeed),
        .init(
            "trailers of 9 KiB", chunked("0\r\nX: \(String(repeating: "a", count: 9 << 10))\r\n\r\n"),
            .fieldSectionTooLarge, 431),
    ]
}
