import Control
import Domain
import Foundation
import FoundationNetworking
import Logging
import Testing

/// The listener over a real socket.
struct AdminServerTests {
    @Test func `health, metrics and problem pages are open to all`() async throws {
        try await Self.withServer { server in
            for path in ["/healthz", "/metrics", "/problems", "/", "/problems/rate-limit-exceeded"] {
                let status = try await server.get(path).status
                #expect(status == 200, "\(path)")
            }
        }
    }

    @Test func `readiness names the check that fails and how to mend it`() async throws {
        let checks = [HealthCheck(name: "redis", state: .failing, detail: "refused", remedy: "Start it.")]
        try await Self.withServer(checks: checks) { server in
            let answer = try await server.get("/readyz")
            #expect(answer.status == 503)
            #expect(answer.body.contains("\"remedy\": \"Start it.\""))
        }
    }

    @Test func `OB-2: the content type follows Accept`() async throws {
        try await Self.withServer { server in
            let plain = try await server.get("/metrics")
            #expect(plain.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(ExpositionValidator.errors(in: plain.body, format: .prometheusText) == [])
            let open = try await server.get(
                "/metrics", fields: ["Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"])
            #expect(open.fields["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(ExpositionValidator.errors(in: open.body, format: .openMetrics) == [])
        }
    }

    @Test func `everything else asks for the token before it says whether it exists`() async throws {
        try await Self.withServer { server in
            let bare = try await server.get("/v1/orgs")
            #expect(bare.status == 401)
            #expect(bare.fields["www-authenticate"] == "Bearer realm=\"admin\"")
            let wrong = try await server.get("/v1/orgs", fields: ["Authorization": "Bearer not-the-token"])
            #expect(wrong.status == 401)
            #expect(wrong.fields["www-authenticate"]?.contains("invalid_token") == true)
            #expect(!wrong.body.contains("not-the-token"))
            let right = try await server.get("/v1/orgs", fields: ["Authorization": "bearer secret-token"])
            #expect(right.status == 404)
        }
    }

    @Test func `PD-1, PD-3: refusals are problem documents`() async throws {
        try await Self.withServer { server in
            let answer = try await server.get("/problems/no-such-problem")
            #expect(answer.status == 404)
            #expect(answer.fields["content-type"] == "application/problem+json")
            #expect(answer.fields["x-tollgate-error"] == "resource-not-found")
            let document = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
            #expect(document?["status"] as? Int == 404)
            #expect(document?["type"] as? String == "urn:tollgate:problem:resource-not-found")
            #expect(document?["request_id"] as? String == answer.fields["x-request-id"])
            let post = try await server.get("/metrics", method: "POST")
            #expect(post.status == 405 && post.fields["allow"] == "GET, HEAD")
        }
    }

    @Test func `PD-4: every problem has a page, and the index links to it`() async throws {
        try await Self.withServer { server in
            let index = try await server.get("/problems").body
            for code in ProblemCode.allCases {
                #expect(index.contains("href=\"/problems/\(code.slug)\""))
                let page = try await server.get("/problems/\(code.slug)")
                #expect(page.status == 200 && page.body.contains("<code>urn:tollgate:problem:\(code.slug)</code>"))
            }
        }
    }

    // MARK: Plumbing

    private struct Answer {
        let status: Int
        let fields: [String: String]
        let body: String
    }

    private struct Server: Sendable {
        let port: Int

        func get(_ path: String, method: String = "GET", fields: [String: String] = [:]) async throws -> Answer {
            var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(self.port)\(path)")))
            request.httpMethod = method
            for (name, value) in fields { request.setValue(value, forHTTPHeaderField: name) }
            let (body, response) = try await URLSession.shared.data(for: request)
            let head = try #require(response as? HTTPURLResponse)
            let pairs = head.allHeaderFields.map { ("\($0.key)".lowercased(), "\($0.value)") }
            return Answer(
                status: head.statusCode, fields: Dictionary(pairs) { first, _ in first },
                body: String(decoding: body, as: UTF8.self))
        }
    }

    private static func withServer(
        checks: [HealthCheck] = [], _ body: @escaping @Sendable (Server) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let server = AdminServer(
            listen: ListenAddress(host: "127.0.0.1", port: 0), token: "secret-token", errors: ErrorSettings(),
            sources: AdminSources(metrics: { ExpositionTests.families }, checks: { checks }),
            logger: Logger(label: "test"), onBound: { port.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            for await bound in ports {
                try await body(Server(port: bound))
                break
            }
            group.cancelAll()
        }
    }
}
