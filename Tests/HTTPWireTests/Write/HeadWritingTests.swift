import HTTPWire
import NIOCore
import Testing

@Suite struct HeadWritingTests {
    private func written(_ body: (inout ByteBuffer) -> Void) -> String {
        var out = ByteBuffer()
        body(&out)
        return text(out.array)
    }

    @Test(arguments: Method.allCases.filter { $0 != .other && $0 != .connect && $0 != .trace })
    func `PX-3 a chunked body on any method stays one request`(method: Method) {
        let evil = "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n"
        let size = String(evil.utf8.count, radix: 16)
        let message = bytes(
            "\(method.text) /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\n\(evil)\r\n0\r\n\r\n"
        )
        guard let out = forwarded(message) else {
            Issue.record("not forwarded")
            return
        }
        let seen = read(out)
        #expect(seen.messages.count == 1)
        #expect(seen.messages.first.map { text($0.body) } == evil)
        #expect(seen.messages.first?.framing == .chunked)
    }

    @Test func `a request announces its framing for every method`() {
        for method in Method.allCases {
            #expect(self.written { $0.endRequestHead(method, framing: .length(7)) } == "Content-Length: 7\r\n\r\n")
            #expect(self.written { $0.endRequestHead(method, framing: .length(0)) } == "Content-Length: 0\r\n\r\n")
            #expect(
                self.written { $0.endRequestHead(method, framing: .chunked) } == "Transfer-Encoding: chunked\r\n\r\n")
            let none = method.anticipatesContent ? "Content-Length: 0\r\n\r\n" : "\r\n"
            #expect(self.written { $0.endRequestHead(method, framing: .none) } == none)
        }
        var out = ByteBuffer()
        #expect(out.endRequestHead(.get, framing: .untilClose) == .chunked)
        #expect(out.endRequestHead(.post, framing: .none) == .length(0))
    }

    @Test(arguments: [
        (200, BodyFraming.length(3), nil, UInt8(1), "Content-Length: 3\r\n\r\n"),
        (200, .chunked, nil, 1, "Transfer-Encoding: chunked\r\n\r\n"),
        (200, .chunked, nil, 0, "Connection: close\r\n\r\n"),
        (200, .untilClose, nil, 1, "Connection: close\r\n\r\n"),
        (200, .length(3), nil, 0, "Content-Length: 3\r\nConnection: keep-alive\r\n\r\n"),
        (200, .none, 9, 1, "Content-Length: 9\r\n\r\n"),
        (304, .none, 9, 1, "Content-Length: 9\r\n\r\n"),
        (304, .none, nil, 1, "\r\n"),
        (204, .none, 9, 1, "\r\n"),
        (204, .length(0), nil, 1, "\r\n"),
        (103, .none, 9, 1, "\r\n"),
        (100, .chunked, nil, 0, "\r\n"),
    ])
    func `PX-5 a response announces its framing to the client's version`(
        status: Int, framing: BodyFraming, declared: Int?, minorVersion: UInt8, expected: String
    ) {
        let written = self.written {
            $0.endResponseHead(
                status, framing: framing, declaredLength: declared, connection: .keepAlive,
                clientMinorVersion: minorVersion)
        }
        #expect(written == expected)
    }

    @Test func `a response that closes says so`() {
        let written = self.written {
            $0.endResponseHead(200, framing: .length(0), connection: .close, clientMinorVersion: 1)
        }
        #expect(written == "Content-Length: 0\r\nConnection: close\r\n\r\n")
    }

    @Test func `a chunked response reaches an HTTP 1_0 client as plain bytes`() {
        let message = bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n")
        let old = forwardedResponse(message, answering: .get, minorVersion: 0).map { text($0) }
        #expect(old == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc")
        let new = forwardedResponse(message, answering: .get).map { text($0) }
        #expect(new == text(message))
    }

    @Test func `status lines are those of the registry`() {
        #expect(self.written { $0.writeStatusLine(200) } == "HTTP/1.1 200 OK\r\n")
        #expect(self.written { $0.writeStatusLine(429) } == "HTTP/1.1 429 Too Many Requests\r\n")
        #expect(self.written { $0.writeStatusLine(299) } == "HTTP/1.1 299 \r\n")
        for status in 100...599 {
            let line = self.written { $0.writeStatusLine(status) }
            #expect(line.hasPrefix("HTTP/1.1 \(status) ") && line.hasSuffix("\r\n"))
        }
        let own = forwardedResponse(bytes("HTTP/1.0 299 Own Words\r\nContent-Length: 0\r\n\r\n"), answering: .get)
        #expect(own.map { text($0) } == "HTTP/1.1 299 Own Words\r\nContent-Length: 0\r\n\r\n")
    }

    @Test(arguments: [
        ("GET /v1/jobs?x=1", "", 0, "GET /v1/jobs?x=1"), ("GET /v1/jobs?x=1", "", 3, "GET /jobs?x=1"),
        ("GET /v1/jobs", "/api", 3, "GET /api/jobs"), ("GET /v1", "", 3, "GET /"), ("GET /v1?x", "", 3, "GET /?x"),
        ("GET /v1", "", 99, "GET /"), ("GET /v1", "", -1, "GET /v1"), ("GET /v1x", "", 3, "GET /x"),
        ("GET http://b/x?y", "", 0, "GET /x?y"), ("GET http://b", "", 0, "GET /"), ("GET http://b?y", "", 0, "GET /?y"),
        ("OPTIONS *", "", 0, "OPTIONS *"), ("OPTIONS http://b", "", 0, "OPTIONS *"),
        ("OPTIONS http://b/", "", 0, "OPTIONS /"),
    ])
    func `the request line maps a prefix and keeps the rest of the target`(
        line: String, prefix: String, skipping: Int, expected: String
    ) {
        let message = bytes("\(line) HTTP/1.1\r\nHost: a\r\n\r\n")
        var parser = RequestParser()
        var head = RequestHead()
        guard case .complete = parser.parse(message.span, into: &head) else {
            Issue.record("not read: \(line)")
            return
        }
        var out = ByteBuffer()
        let prefixBytes = bytes(prefix)
        out.writeRequestLine(head, of: message.span, prefix: prefixBytes.span, skipping: skipping)
        #expect(text(out.array) == "\(expected) HTTP/1.1\r\n")
    }

    @Test func `a value of the gateway cannot end its line`() {
        let value = bytes("a\r\nEvil: b\u{0}\u{7F}c\u{E9}")
        let written = self.written { $0.writeField("X", bytes: value.span) }
        #expect(written == "X: a  Evil: b  c\u{E9}\r\n")
        let plain = bytes("plain")
        #expect(self.written { $0.writeField("X", bytes: plain.span) } == "X: plain\r\n")
    }

    @Test func `an upgrade is asked for and agreed to`() {
        let message = bytes("websocket")
        let request = self.written {
            $0.endUpgradeRequestHead(.get, framing: .none, protocol: ByteRange(0, 9), of: message.span)
        }
        #expect(request == "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        let response = self.written { $0.endUpgradeResponseHead(protocol: ByteRange(0, 9), of: message.span) }
        #expect(response == "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    }

    @Test func `numbers are written in decimal and hexadecimal`() {
        for number in [0, 1, 9, 10, 15, 16, 255, 4096, 65_535, 1_000_000, Int.max] {
            #expect(self.written { $0.writeDecimal(number) } == String(number))
            #expect(self.written { $0.writeHexadecimal(number) } == String(number, radix: 16))
        }
        #expect(self.written { $0.writeDecimal(-5) } == "0")
    }

    @Test func `numbers of every length are written in decimal, behind and before other bytes`() {
        var random = FastRandom(seed: 7)
        var numbers = [0, Int.max, Int.min, -1, -10, 99_999_999, 100_000_000, 9_999_999_999_999_999, 10_000_000_000_000_000]
        var power = 1
        for _ in 0..<18 {
            power *= 10
            numbers += [power - 1, power, power + 1, -power]
        }
        for shift in 0..<64 {
            for _ in 0..<100 { numbers.append(Int(truncatingIfNeeded: random.next() >> UInt64(shift))) }
        }
        for number in numbers {
            for room in [1, 7, 9, 64] {
                var buffer = ByteBuffer()
                var writer = HeadWriter(&buffer, room: room)
                writer.write("<")
                writer.write(decimal: number)
                writer.write(">")
                writer.finish(&buffer)
                #expect(String(buffer: buffer) == "<\(number)>")
            }
        }
    }

    @Test func `an empty run writes no chunk, which would end the body`() {
        let message = bytes("ab")
        #expect(self.written { $0.writeChunk(ByteRange(1, 1), of: message.span) }.isEmpty)
        #expect(self.written { $0.writeChunk(ByteRange(0, 2), of: message.span) } == "2\r\nab\r\n")
    }
}
