import HTTPWire
import Testing

@Suite struct ResponseParserTests {
    private func message(_ input: String, answering method: Method = .get) -> SeenMessage? {
        let seen = read(bytes(input), .responses(method))
        #expect(seen.messages.count == 1, "\(seen) for \(input.debugDescription)")
        return seen.messages.first
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", Method.get, BodyFraming.length(2), true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab", .get, .length(2), false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", .head, .none, true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .head, .none, true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", .get, .chunked, true),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", .get, .untilClose, false),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", .get, .untilClose, false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", .get, .length(1), false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\na", .get, .length(1), true),
        ("HTTP/1.1 204 No Content\r\n\r\n", .get, .none, true),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", .get, .none, true),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", .get, .none, false),
        ("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", .get, .none, false),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", .get, .none, true),
        ("HTTP/1.1 100 Continue\r\n\r\n", .post, .none, true),
        ("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", .get, .none, true),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", .get, .none, true),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", .get, .length(0), true),
        ("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", .get, .length(0), true),
        ("HTTP/1.1 999 caf\u{E9} \t\r\nContent-Length: 0\r\n\r\n", .get, .length(0), true),
    ])
    func `PX-5 framing follows method, status and fields`(
        input: String, method: Method, framing: BodyFraming, keepAlive: Bool
    ) {
        let message = self.message(input, answering: method)
        #expect(message?.framing == framing)
        #expect(message?.keepAlive == keepAlive)
        expectSameWhenSplit(bytes(input), .responses(method))
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab", WireError.contentLengthRepeated),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab", .contentLengthInvalid),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            .contentLengthWithTransferEncoding
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", .transferEncodingInvalid),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .transferCodingNotImplemented),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInHTTP10),
        ("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", .lineFolded),
        ("HTTP/1.1 200 OK\r\nX: a\u{0}b\r\n\r\n", .nulByte),
        ("HTTP/1.1 200 OK\r\nX: a\u{7}b\r\n\r\n", .controlByte),
        ("HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n", .bareCarriageReturn),
        ("HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\n\r\n", .bareLineFeed),
        ("HTTP/1.1 200 OK\nX: a\r\n\r\n", .bareLineFeed),
        ("HTTP/1.1 200 O\u{1}K\r\n\r\n", .controlByte),
        ("HTTP/2.0 200 OK\r\n\r\n", .versionNotSupported),
        ("HTTP/1.2 200 OK\r\n\r\n", .versionNotSupported),
        ("HTTP/1.1 20 OK \r\n\r\n", .statusLineMalformed),
        ("HTTP/1.1 099 OK\r\n\r\n", .statusLineMalformed),
        ("HTTP/1.1  200 OK\r\n\r\n", .statusLineMalformed),
        ("HTTP/1.1 2000 OK\r\n\r\n", .statusLineMalformed),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", .statusLineMalformed),
        ("SSH-2.0-OpenSSH_9.2\r\n", .statusLineMalformed),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", .chunkNotTerminated),
    ])
    func `PX-11 an upstream's broken message is an error`(input: String, error: WireError) {
        let seen = read(bytes(input), .responses(.get))
        #expect(seen.end == .failed(error))
        expectSameWhenSplit(bytes(input), .responses(.get))
        #expect(WireError.upstreamStatus == 502)
    }

    @Test func `an interim response is followed by the final one`() {
        let seen = read(
            bytes("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz"),
            .responses(.get))
        #expect(seen.messages.map { text($0.first) } == ["103", "200"])
        #expect(seen.messages.map { $0.derived[0] } == ["interim true", "interim false"])
    }

    @Test func `a body that ends early is told from one that ends`() {
        for (input, count) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", 0),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", 0),
            ("HTTP/1.1 200 OK\r\n\r\nab", 1),
        ] {
            #expect(read(bytes(input), .responses(.get)).messages.count == count)
        }
        var decoder = BodyDecoder()
        decoder.begin(.length(1))
        let end = decoder.connectionEnded()
        #expect(end == .failed(.bodyTruncated))
    }
}
