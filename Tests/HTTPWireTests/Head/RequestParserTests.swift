import HTTPWire
import NIOCore
import Testing

@Suite struct RequestParserTests {
    /// Parses one complete head and hands it to `body` with its bytes.
    private func withHead(_ input: String, _ body: (borrowing RequestHead, [UInt8]) -> Void) {
        let message = bytes(input)
        var parser = RequestParser()
        var head = RequestHead()
        let progress = parser.parse(message.span, into: &head)
        guard case .complete = progress else {
            Issue.record("\(progress) for \(input.debugDescription)")
            return
        }
        body(head, message)
    }

    @Test func `a head is taken apart into ranges`() {
        let input =
            "POST /v1/jobs?x=1&y=? HTTP/1.1\r\nHost: api.example.dev:8080\r\nContent-Length: 17\r\n"
            + "X-Thing:  two words \t\r\nTE: gzip, trailers\r\n\r\n"
        self.withHead(input) { head, message in
            let seen = seenRequest(head, message)
            #expect(
                seen.derived == [
                    "post", "origin", "/v1/jobs", "x=1&y=?", "/v1/jobs?x=1&y=?", "api.example.dev", "8080",
                    "expects false", "upgrade false", "trailers true",
                ])
            #expect(seen.framing == .length(17))
            #expect(seen.keepAlive)
            #expect(seen.fields.map(\.description).contains("X-Thing: two words"))
            let byteCount = head.byteCount
            #expect(byteCount == message.count)
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", ["/", "", "/", "a", ""]),
        ("GET /? HTTP/1.1\r\nHost: a\r\n\r\n", ["/", "", "/?", "a", ""]),
        ("GET /a%2F..%2Fb//c HTTP/1.1\r\nHost: a\r\n\r\n", ["/a%2F..%2Fb//c", "", "/a%2F..%2Fb//c", "a", ""]),
        ("GET http://B.example:81/x?q HTTP/1.1\r\nHost: a\r\n\r\n", ["/x", "q", "/x?q", "B.example", "81"]),
        ("GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", ["", "", "", "b", ""]),
        ("GET http://b?q/r HTTP/1.1\r\nHost: a\r\n\r\n", ["", "q/r", "?q/r", "b", ""]),
        ("GET http://[::1]:9/ HTTP/1.1\r\nHost: a\r\n\r\n", ["/", "", "/", "[::1]", "9"]),
        ("OPTIONS * HTTP/1.1\r\nHost: a:\r\n\r\n", ["", "", "", "a", ""]),
        ("CONNECT a.b:443 HTTP/1.1\r\nHost: c\r\n\r\n", ["", "", "", "a.b", "443"]),
        ("GET /12345678?abc HTTP/1.0\r\n\r\n", ["/12345678", "abc", "/12345678?abc", "", ""]),
    ])
    func `the target decides path, query and authority`(input: String, expected: [String]) {
        self.withHead(input) { head, message in
            let seen = seenRequest(head, message)
            #expect(Array(seen.derived[2...6]) == expected)
        }
        expectSameWhenSplit(bytes(input))
    }

    @Test(arguments: Method.allCases.filter { $0 != .other })
    func `every method is known by its name`(method: Method) {
        let target = method == .connect ? "a:1" : "/"
        self.withHead("\(method.text) \(target) HTTP/1.1\r\nHost: a\r\n\r\n") { head, _ in
            let found = head.method
            #expect(found == method)
        }
    }

    @Test(arguments: [
        ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false),
        ("HTTP/1.1", "Connection: keep-alive, Close\r\n", false),
        ("HTTP/1.1", "Connection: x\r\nConnection: close\r\n", false), ("HTTP/1.0", "", false),
        ("HTTP/1.0", "Connection: Keep-Alive\r\n", true), ("HTTP/1.0", "Connection: keep-alive, close\r\n", false),
        ("HTTP/1.1", "Connection: \"close\"\r\n", true), ("HTTP/1.1", "Connection: , ,close,\r\n", false),
    ])
    func `the connection persists by version and option`(version: String, lines: String, expected: Bool) {
        self.withHead("GET / \(version)\r\nHost: a\r\n\(lines)\r\n") { head, _ in
            let keepAlive = head.keepAlive
            #expect(keepAlive == expected)
        }
    }

    @Test func `an upgrade needs the field, the option and HTTP 1_1`() {
        let upgrade = "Upgrade: websocket\r\n"
        let option = "Connection: keep-alive, Upgrade\r\n"
        for (version, lines, expected) in [
            ("HTTP/1.1", upgrade + option, true), ("HTTP/1.1", upgrade, false), ("HTTP/1.1", option, false),
            ("HTTP/1.0", upgrade + option, false),
        ] {
            self.withHead("GET / \(version)\r\nHost: a\r\n\(lines)\r\n") { head, _ in
                let isUpgrade = head.upgrade
                #expect(isUpgrade == expected)
            }
        }
    }

    @Test func `100-continue counts only where content follows`() {
        for (lines, expected) in [("Content-Length: 1\r\n", true), ("Content-Length: 0\r\n", false), ("", false)] {
            self.withHead("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\(lines)\r\n") { head, _ in
                let expects = head.expectsContinue
                #expect(expects == expected)
            }
        }
    }

    @Test func `too many connection options are refused`() {
        let options = Array(repeating: "x", count: 33).joined(separator: ",")
        let seen = read(bytes("GET / HTTP/1.1\r\nHost: a\r\nConnection: \(options)\r\n\r\n"))
        #expect(seen.end == .failed(.connectionOptionsTooMany))
        let long = String(repeating: "x", count: 1024)
        let seenLong = read(bytes("GET / HTTP/1.1\r\nHost: a\r\nConnection: \(long)\r\n\r\n"))
        #expect(seenLong.end == .failed(.connectionOptionsTooMany))
    }

    @Test func `pipelined requests are read one after another with the same storage`() {
        let one = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-A: 1\r\n\r\nabc"
        let two = "POST /b HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\nX-T: 1\r\n\r\n"
        let message = bytes(one + "\r\n" + two + one)
        let seen = read(message)
        #expect(seen.end == .clean)
        #expect(seen.messages.map { text($0.body) } == ["abc", "z", "abc"])
        #expect(seen.messages.map(\.trailers.count) == [0, 1, 0])
        expectSameWhenSplit(message)
    }

    @Test func `an idle connection is told from a late head`() {
        var parser = RequestParser()
        var head = RequestHead()
        for (input, expected) in [("", false), ("\r", false), ("\r\n", false), ("\r\nG", true)] {
            let message = bytes(input)
            let progress = parser.parse(message.span, into: &head)
            #expect(progress == .incomplete)
            let isMidMessage = parser.isMidMessage
            #expect(isMidMessage == expected, "\(input.debugDescription)")
        }
    }
}
