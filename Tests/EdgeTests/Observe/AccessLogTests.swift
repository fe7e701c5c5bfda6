import Domain
import Glibc
import TestKit
import Testing

@testable import Edge

/// The access log of an edge, as a file.
@Suite(.serialized) struct AccessLogTests {
    private static func play(
        configuration adjust: (inout Configuration) -> Void = { _ in },
        _ body: (TestEdge, ScriptedUpstream) async throws -> Void
    ) async throws -> [String] {
        let folder = try TestFolder(prefix: "access-log")
        defer { folder.remove() }
        let path = "\(folder.path)/log"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        try await ScriptedUpstream.with { upstream in
            let edge = try await TestEdge(
                upstreamPort: upstream.port, dependencies: { $0.accessLogDescriptor = descriptor },
                configuration: adjust)
            do {
                try await body(edge, upstream)
            } catch {
                await edge.stop()
                throw error
            }
            await edge.stop()
        }
        return (TestFolder.readFile(path) ?? "").split(separator: "\n").map(String.init)
    }

    @Test func `every request has its line, with the names of the standard`() async throws {
        var tenant: Tenant?
        var ids: [String?] = []
        let lines = try await Self.play { edge, _ in
            let known = try await edge.realm.issue()
            tenant = known
            let client = try edge.client()
            ids.append(
                client.exchange(RawRequest.post("/v1/a?x=1", as: known, fields: "User-Agent: tests\r\n"))?[
                    "x-request-id"])
            ids.append(client.exchange("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")?["x-request-id"])
            ids.append(client.exchange("GET / HTTP/9.9\r\nHost: a\r\n\r\n")?["x-request-id"])
        }
        let records = lines.compactMap { JSONText($0).object }
        #expect(records.count == 3)
        #expect(records.map { $0["request_id"] as? String } == ids)
        #expect(records.map { $0["http.response.status_code"] as? Int } == [200, 404, 505])
        let first = try #require(records.first)
        #expect(first["http.request.method"] as? String == "POST")
        #expect(first["url.path"] as? String == "/v1/a")
        #expect(first["url.query"] as? String == "x=1")
        #expect(first["http.route"] as? String == "v1")
        #expect(first["http.request.body.size"] as? Int == 2)
        #expect(first["http.response.body.size"] as? Int == 5)
        #expect(first["client.address"] as? String == "127.0.0.1")
        #expect(first["user_agent.original"] as? String == "tests")
        #expect(first["org_id"] as? String == tenant?.org.orgID)
        #expect(first["api_key_id"] as? String == tenant?.key.keyID)
        #expect(first["decision"] as? String == "admitted")
        #expect(first["upstream_attempts"] as? Int == 1)
        #expect(records[1]["error.type"] as? String == "route-not-found")
        #expect(records[2]["error.type"] as? String == "http-version-not-supported")
    }

    @Test func `OB-5 AK-4 no credential is in any line`() async throws {
        var secrets: [String] = []
        let lines = try await Self.play { edge, _ in
            let tenant = try await edge.realm.issue()
            secrets = [tenant.text, "tgk_live_something-like-a-key"]
            for secret in secrets {
                for request in [
                    "GET /v1/a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(secret)\r\n\r\n",
                    "GET /v1/a HTTP/1.1\r\nHost: a\r\nX-API-Key: \(secret)\r\n\r\n",
                    "GET /v1/a?api_key=\(secret)&x=1 HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET /open/a?access_token=\(secret) HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET /open/a?token=\(secret)&API_KEY=\(secret) HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET /v1/a HTTP/1.1\r\nHost: a\r\nX-API-Key: \(secret)\r\nAuthorization: Bearer \(secret)\r\n\r\n",
                ] { _ = try edge.exchange(request) }
            }
        }
        #expect(lines.count == 12)
        for line in lines {
            for secret in secrets { #expect(!line.contains(secret)) }
        }
    }

    @Test func `errors alone can be asked for`() async throws {
        let lines = try await Self.play(configuration: { $0.logging.accessLog = .errors }) { edge, _ in
            let client = try edge.client()
            _ = client.exchange("GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = client.exchange("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
        }
        #expect(lines.count == 1)
    }

    @Test func `a client that leaves is 499`() async throws {
        let listener = try RawListener()
        let lines = try await Self.play(configuration: {
            $0.upstreams[0].endpoints = [ListenAddress(host: "127.0.0.1", port: listener.port)]
        }) { edge, _ in
            let client = try edge.client()
            client.send("GET /open/a HTTP/1.1\r\nHost: a\r\n\r\n")
            let (peer, _) = try listener.acceptRequest()
            client.close()
            #expect(peer.endsSilently())
        }
        #expect(lines.compactMap { JSONText($0).object?["http.response.status_code"] as? Int } == [499])
    }
}
