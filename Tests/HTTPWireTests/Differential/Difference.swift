import HTTPWire

/// Every reason why HTTPWire may read bytes otherwise than llhttp does inside NIO. A difference without one is a bug of
/// one of the two, and fails the test until it is understood.
enum Difference: String, CaseIterable {
    // Both accept.
    case trailingBlanks
    // HTTPWire refuses what llhttp accepts.
    case transferCoding, transferEncodingInHTTP10, transferEncodingStrict, lengthWithEmptyEncoding, host, target
    case asterisk, expectation, traceContent, trailerField, reasonPhrase, statusRange, lengthAfterTab, lengthAboveInt
    case twoSpaces, leadingLine
    // HTTPWire accepts what llhttp refuses.
    case chunkExtension
    // They disagree on whether the connection goes on.
    case connectionOptions, proxyConnection, upgradeStops
    case unexplained

    /// The rule, with its place in STANDARDS or an RFC.
    var reason: String {
        switch self {
        case .trailingBlanks: "blanks after a value are no part of it (RFC 9110 §5.5); NIO hands them out"
        case .transferCoding: "STANDARDS §5 table: TE `gzip, chunked` is 501; NIO accepts it"
        case .transferEncodingInHTTP10: "STANDARDS §5 table: TE in an HTTP/1.0 message is 400; NIO accepts it"
        case .transferEncodingStrict:
            "STANDARDS §5 table: TE must be `chunked` once, without empty elements; llhttp skips empty ones, and reads "
                + "a response with another coding until the connection closes"
        case .lengthWithEmptyEncoding: "STANDARDS §5 table: CL + TE is 400, an empty TE too; llhttp takes it for none"
        case .host: "STANDARDS §5 table: 0, 2 or an invalid Host is 400; NIO accepts it"
        case .target: "STANDARDS §5 table, absolute-form: a target that has none of the four forms is 400"
        case .asterisk: "STANDARDS §5 table: `*` is for OPTIONS only; NIO accepts it"
        case .expectation: "STANDARDS §5 Expect: anything but 100-continue is 417; NIO leaves that to the application"
        case .traceContent: "STANDARDS §5 body-framing trap: TRACE with content is 400; NIO accepts it"
        case .trailerField: "STANDARDS §5 TE/trailers: no framing, routing or authentication in trailers; NIO checks CL"
        case .reasonPhrase: "STANDARDS §5 table: CTL and bare CR are refused; llhttp lets them pass in a reason phrase"
        case .statusRange: "RFC 9110 §15: the first digit is 1 or more; llhttp reads any three digits"
        case .lengthAfterTab:
            "STANDARDS §5 table: CL is digits only; we refuse a tab at either end, llhttp only after the digits"
        case .lengthAboveInt:
            "STANDARDS §5 table: overflow is 400; llhttp counts in UInt64, and ignores it without a body"
        case .leadingLine:
            "RFC 9112 §2.2: one CR LF before a request line is passed over; llhttp passes over CR or LF alone"
        case .twoSpaces: "RFC 9112 §3: one space between the parts of a request line; llhttp takes several"
        case .chunkExtension:
            "STANDARDS §5 table: chunk extensions are ignored and bounded; llhttp checks their grammar"
        case .connectionOptions:
            "RFC 9112 §9.3: `close` wins over `keep-alive`, and a tab may follow an option; llhttp differs in both"
        case .proxyConnection:
            "STANDARDS §5: Proxy-Connection is dropped and says nothing; llhttp reads it as Connection"
        case .upgradeStops:
            "STANDARDS §5 Upgrade: a refused upgrade is served normally; NIO's decoder stops at the offer"
        case .unexplained: "not understood"
        }
    }

    /// Nil if both read the same messages.
    init?(_ message: [UInt8], _ ours: Reading, _ seen: SeenConnection, _ theirs: Reading, isRequest: Bool) {
        if ours.messages == theirs.messages, ours.partial == theirs.partial { return nil }
        let trimmed = theirs.messages.map(\.withoutTrailingBlanks)
        let partial = theirs.partial?.withoutTrailingBlanks
        if ours.messages == trimmed, ours.partial == partial {
            self = .trailingBlanks
            return
        }
        let common = zip(ours.messages, trimmed).prefix { $0 == $1 }.count
        let theyGoOn = common < trimmed.count || partial != nil
        let weGoOn = common < seen.messages.count ? seen.messages[common] : seen.partial
        if theyGoOn, common == ours.messages.count, case .failed(let error) = seen.end {
            self = Self.refusal(error, of: message, firstByte: seen.refusedFirstByte, isRequest: isRequest)
        } else if theyGoOn, seen.end == .closed, seen.messages.last?.says("connection", "close") == true {
            self = .connectionOptions
        } else if !theyGoOn, let weGoOn {
            self = Self.acceptance(weGoOn, after: common > 0 ? seen.messages[common - 1] : nil, theirs.error)
        } else if common == trimmed.count, common < seen.messages.count, let partial,
            ReadMessage(seen.messages[common], isRequest: isRequest).head == partial
        {
            // The same head, and they did not reach the end of its body.
            self = Self.acceptance(seen.messages[common], after: nil, theirs.error)
        } else {
            self = .unexplained
        }
    }

    private static let afterClose = "data received after completed connection: close message"

    private static func refusal(
        _ error: WireError, of message: [UInt8], firstByte: UInt8?, isRequest: Bool
    ) -> Difference {
        switch error {
        case .transferCodingNotImplemented: .transferCoding
        case .transferEncodingInHTTP10: .transferEncodingInHTTP10
        case .transferEncodingInvalid: .transferEncodingStrict
        case .contentLengthWithTransferEncoding: .lengthWithEmptyEncoding
        case .hostMissing, .hostRepeated, .hostInvalid: .host
        case .targetInvalid: .target
        case .asteriskWithoutOptions: .asterisk
        case .expectationNotSupported: .expectation
        case .contentInTrace: .traceContent
        case .trailerFieldRefused: .trailerField
        case .contentLengthTooLarge: .lengthAboveInt
        case .chunkExtensionInvalid: .chunkExtension
        case .bareCarriageReturn where isRequest && firstByte == 0x0D: .leadingLine
        case .bareLineFeed where isRequest && firstByte == 0x0A: .leadingLine
        case .nulByte, .controlByte, .bareCarriageReturn: isRequest ? .unexplained : .reasonPhrase
        case .statusLineMalformed: .statusRange
        case .contentLengthInvalid where message.contains(0x09): .lengthAfterTab
        case .requestLineMalformed where text(message).contains("  "): .twoSpaces
        default: .unexplained
        }
    }

    /// Why llhttp did not read `message`, which came after `previous`.
    private static func acceptance(_ message: SeenMessage, after previous: SeenMessage?, _ error: String?) -> Difference
    {
        if let previous {
            if previous.says("proxy-connection", "close", inTrailersToo: true) { return .proxyConnection }
            if previous.minorVersion == 0, previous.says("connection", "keep-alive"), error == Self.afterClose {
                return .connectionOptions
            }
            if previous.says("connection", "upgrade"), previous.says("upgrade", "") { return .upgradeStops }
        }
        if message.framing == .chunked, error == "strict mode assertion" { return .chunkExtension }
        return .unexplained
    }
}

extension SeenMessage {
    /// Whether a field `name` has a value that contains `word`; both in lower case.
    fileprivate func says(_ name: String, _ word: String, inTrailersToo: Bool = false) -> Bool {
        (inTrailersToo ? self.fields + self.trailers : self.fields).contains {
            text($0.name).lowercased() == name && (word.isEmpty || text($0.value).lowercased().contains(word))
        }
    }
}

extension ReadMessage {
    /// The message without its body.
    fileprivate var head: ReadMessage {
        var head = self
        (head.body, head.trailers) = ([], [])
        return head
    }

    fileprivate var withoutTrailingBlanks: ReadMessage {
        func trimmed(_ lines: [[String]]) -> [[String]] {
            lines.map { line in
                let kept = line[1].utf8.reversed().drop { $0 == 0x20 || $0 == 0x09 }.reversed()
                return [line[0], String(decoding: Array(kept), as: UTF8.self)]
            }
        }
        var message = self
        message.fields = trimmed(message.fields)
        message.trailers = trimmed(message.trailers)
        return message
    }
}
