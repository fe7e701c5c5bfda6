import Domain
import Logging
import RedisClient
import Testing

@testable import Edge

/// Forwarding over real sockets, on a route that needs no key.
@Suite struct ForwardingTests {
    @Test func `a request is forwarded with the gateway's own framing and fields`() async throws {
        let upstream = try await ScriptedUpstream { _ in .ok("hello", fields: "X-Up: 1\r\n") }
        let edge = try await TestEdge(upstreamPort: upstream.port)
        let client = try RawClient(port: edge.port)
        let response = try #require(
            client.exchange("GET /open/a?b=c HTTP/1.1\r\nHost: api.example\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: x-gone\r\nX-Gone: 1\r\nX-Tollgate-Org: evil\r\n\r\n"))
        #expect(response.status == 200)
        #expect(response.text == "hello")
        #expect(response["x-up"] == "1")
        #expect(response["x-request-id"]?.hasPrefix("req_") == true)
        let seen = try #require(upstream.requests.first)
        #expect(seen.target == "/open/a?b=c")
        #expect(seen["host"] == "api.example")
        #expect(seen["x-forwarded-for"] == "127.0.0.1")
        #expect(seen["x-gone"] == nil)
        #expect(seen["x-tollgate-org"] == nil)
        #expect(seen["via"] == "1.1 tollgate")
        let again = try #require(client.exchange("GET /open/2 HTTP/1.1\r\nHost: api.example\r\n\r\n"))
        #expect(again.text == "hello")
        await edge.stop()
        await upstream.stop()
    }
}
