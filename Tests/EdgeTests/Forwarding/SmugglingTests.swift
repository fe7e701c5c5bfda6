import Domain
import Testing

@testable import Edge

/// PX-2 and PX-3: every row of STANDARDS §5's table on raw sockets. What cannot be read with certainty is refused, the
/// connection ends, and the upstream has seen nothing.
@Suite(.serialized) struct SmugglingTests {
    /// Messages refused by their head: the upstream is not even connected to.
    private static let heads: [(name: String, request: String, status: Int)] = {
        func post(_ fields: String) -> String { "POST /open/a HTTP/1.1\r\nHost: a\r\n\(fields)\r\n" }
        func get(_ fields: String) -> String { "GET /open/a HTTP/1.1\r\n\(fields)\r\n" }
        let rest = "0\r\n\r\nGET /open/evil HTTP/1.1\r\nHost: a\r\n\r\n"
        return [
            ("CL then TE", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + rest, 400),
            ("TE then CL", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + rest, 400),
            ("CL twice, equal", post("Content-Length: 1\r\nContent-Length: 1\r\n") + "x", 400),
            ("CL twice, different", post("Content-Length: 1\r\nContent-Length: 2\r\n") + "xx", 400),
            ("CL list", post("Content-Length: 2, 2\r\n") + "xx", 400),
            ("CL with a sign", post("Content-Length: +2\r\n") + "xx", 400),
            ("CL negative", post("Content-Length: -2\r\n") + "xx", 400),
            ("CL empty", post("Content-Length:\r\n") + "xx", 400),
            ("CL hexadecimal", post("Content-Length: 0x2\r\n") + "xx", 400),
            ("CL overflow", post("Content-Length: 99999999999999999999999\r\n"), 400),
            ("TE chunked, gzip", post("Transfer-Encoding: chunked, gzip\r\n") + rest, 400),
            ("TE chunked, chunked", post("Transfer-Encoding: chunked, chunked\r\n") + rest, 400),
            ("TE xchunked", post("Transfer-Encoding: xchunked\r\n") + rest, 400),
            ("TE identity", post("Transfer-Encoding: identity\r\n") + rest, 400),
            ("TE twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + rest, 400),
            ("TE with a tab", post("Transfer-Encoding:\u{b}chunked\r\n") + rest, 400),
            ("TE gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n") + rest, 501),
            ("TE in HTTP/1.0", "POST /open/a HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + rest, 400),
            ("folded line", get("Host: a\r\nX-A: 1\r\n  2\r\n"), 400),
            ("space before colon", get("Host: a\r\nX-A : 1\r\n"), 400),
            ("TE with space before colon", post("Transfer-Encoding : chunked\r\n") + rest, 400),
            ("space before the first field", get(" Host: a\r\nX-A: 1\r\n"), 400),
            ("bare LF", "GET /open/a HTTP/1.1\nHost: a\n\n", 400),
            ("bare LF within", get("Host: a\r\nX-A: 1\nX-B: 2\r\n"), 400),
            ("bare CR", get("Host: a\r\nX-A: 1\rX-B: 2\r\n"), 400),
            ("NUL", get("Host: a\r\nX-A: 1\0\r\n"), 400),
            ("control byte", get("Host: a\r\nX-A: 1\u{1}\r\n"), 400),
            ("bad name", get("Host: a\r\nX(A): 1\r\n"), 400),
            ("empty name", get("Host: a\r\n: 1\r\n"), 400),
            ("no colon", get("Host: a\r\nX-A\r\n"), 400),
            ("no Host", get(""), 400),
            ("two Hosts", get("Host: a\r\nHost: a\r\n"), 400),
            ("Host list", get("Host: a, b\r\n"), 400),
            ("Host with a path", get("Host: a/b\r\n"), 400),
            ("Host with userinfo", get("Host: u@a\r\n"), 400),
            ("asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("target without slash", "GET open/a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("target with a fragment", "GET /open/a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("two spaces", "GET  /open/a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("no version", "GET /open/a\r\nHost: a\r\n\r\n", 400),
            ("lower-case version", "GET /open/a http/1.1\r\nHost: a\r\n\r\n", 400),
            ("HTTP/2.0", "GET /open/a HTTP/2.0\r\nHost: a\r\n\r\n", 505),
            ("HTTP/1.2", "GET /open/a HTTP/1.2\r\nHost: a\r\n\r\n", 505),
            ("unknown method", "FROB /open/a HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("lower-case method", "get /open/a HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("TRACE with content", "TRACE /open/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 400),
            ("unknown expectation", post("Expect: 200-ok\r\nContent-Length: 1\r\n") + "x", 417),
            (
                "long request line",
                "GET /open/" + String(repeating: "a", count: 9_000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414
            ),
            ("large head", get("Host: a\r\nX: " + String(repeating: "a", count: 40_000) + "\r\n"), 431),
            ("many fields", get("Host: a\r\n" + String(repeating: "X: 1\r\n", count: 101)), 431),
        ]
    }()

    @Test func `PX-2 a head that is not certain is refused, closes, and reaches nobody`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                for row in Self.heads {
                    let client = try edge.client()
                    client.send(row.request)
                    let response = client.response()
                    #expect(response?.status == row.status, "\(row.name)")
                    #expect(response?["connection"] == "close", "\(row.name)")
                    #expect(response?.problem?["status"] as? Int == row.status, "\(row.name)")
                    #expect(client.endsSilently(), "\(row.name)")
                }
                #expect(upstream.connections == 0)
                #expect(await edge.count("wire_errors_total") >= Self.heads.count - 1)
            }
        }
    }

    @Test func `PX-2 a body that is not certain is never forwarded whole`() async throws {
        let bodies = [
            "0x1\r\nx\r\n0\r\n\r\n", "1 \r\nx\r\n0\r\n\r\n", "-1\r\nx\r\n0\r\n\r\n", "\r\nx\r\n0\r\n\r\n",
            "FFFFFFFFFFFFFFFFF\r\nx", "1\r\nxy\r\n0\r\n\r\n", "1\nx\n0\n\n", "1\r\nx\n0\r\n\r\n", "g\r\nx\r\n0\r\n\r\n",
            "1;a\nb\r\nx\r\n0\r\n\r\n", "1;a=\"\u{1}\"\r\nx\r\n0\r\n\r\n",
            "1;" + String(repeating: "e", count: 5_000) + "\r\nx\r\n0\r\n\r\n",
            "0\r\nContent-Length: 5\r\n\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\nHost: b\r\n\r\n",
            "0\r\nX A: 1\r\n\r\n", "0\r\nX-A: 1\n\r\n\r\n",
        ]
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                for body in bodies {
                    let client = try edge.client()
                    client.send("POST /open/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)")
                    let response = client.response()
                    #expect(response?.status == 400, "\(body)")
                    #expect(response?["connection"] == "close", "\(body)")
                    #expect(client.endsSilently(), "\(body)")
                }
                #expect(upstream.requests.isEmpty)
            }
        }
    }

    @Test func `PX-2 chunk extensions are read over and not forwarded`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let response = try edge.exchange(
                    """
                    POST /open/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b;c="d"\r\nabc\r\n0;last\r\n\r\n
                    """)
                #expect(response?.status == 200)
                #expect(upstream.requests.first?.body == "abc")
            }
        }
    }

    @Test func `PX-2 one empty line before a request is read over`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let response = try edge.exchange("\r\nGET /open/a HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(response?.status == 200)
            }
        }
    }

    @Test func `PX-2 what follows Connection close is not processed`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let client = try edge.client()
                client.send(
                    """
                    GET /open/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /open/evil HTTP/1.1\r\nHost: a\r\n\r\n
                    """)
                let response = client.response()
                #expect(response?.status == 200)
                #expect(response?["connection"] == "close")
                #expect(client.endsSilently())
                #expect(upstream.requests.map(\.target) == ["/open/a"])
            }
        }
    }

    private static let evil = "GET /open/evil HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(arguments: ["GET", "HEAD", "DELETE", "OPTIONS"])
    func `PX-3 a body on a method without one is refused unless the route takes it`(_ method: String) async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let size = String(Self.evil.utf8.count, radix: 16)
                for framing in [
                    "Transfer-Encoding: chunked\r\n\r\n\(size)\r\n\(Self.evil)\r\n0\r\n\r\n",
                    "Content-Length: \(Self.evil.utf8.count)\r\n\r\n\(Self.evil)",
                ] {
                    let client = try edge.client()
                    client.send("\(method) /open/a HTTP/1.1\r\nHost: a\r\n\(framing)")
                    let response = client.response(head: method == "HEAD")
                    #expect(response?.status == 400)
                    #expect(response?["x-tollgate-error"] == "malformed-request")
                    #expect(client.endsSilently())
                }
                #expect(upstream.connections == 0)
            }
        }
    }

    @Test(arguments: ["GET", "DELETE", "OPTIONS", "POST"])
    func `PX-3 a body that looks like a request is one request's body`(_ method: String) async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(
                upstreamPort: upstream.port, configuration: { $0.route("open") { $0.bodyOnAnyMethod = true } }
            ) { edge in
                let client = try edge.client()
                let size = String(Self.evil.utf8.count, radix: 16)
                client.send(
                    """
                    \(method) /open/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(size)\r\n\(Self.evil)\r\n\
                    0\r\n\r\n
                    """)
                #expect(client.response()?.status == 200)
                client.send(
                    "\(method) /open/b HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.evil.utf8.count)\r\n\r\n\(Self.evil)"
                )
                #expect(client.response()?.status == 200)
                #expect(upstream.requests.map(\.target) == ["/open/a", "/open/b"])
                #expect(upstream.requests.map(\.body) == [Self.evil, Self.evil])
                #expect(upstream.requests[0]["transfer-encoding"] == "chunked")
                #expect(upstream.requests[1]["content-length"] == "\(Self.evil.utf8.count)")
            }
        }
    }
}
