import Domain
import Foundation
import HotStore
import PostgresClient
import Records
import TestKit
import Testing

@testable import Control

/// What is refused, and how.
struct StrictnessTests {
    @Test func `bodies: broken JSON 400, another type 415, too large 413, what does not fit 422 place by place`()
        async throws
    {
        try await AdminWorld.with { world in
            let path = "/v1/orgs/\(world.org.id)/keys"
            for text in ["", "{", "{\"name\":\"a\",\"name\":\"b\"}", "{\"name\":\"\\ud800\"}", "[1,]", "nul"] {
                let answer = try await world.send("POST", path, raw: Data(text.utf8))
                #expect(answer.status == 400 && answer.code == "invalid-request", "\(text): \(answer)")
            }
            let invalid = try await world.send("POST", path, raw: Data([0x22, 0xFF, 0x22]))
            #expect(invalid.status == 400)
            for type in ["text/plain", "application/json; charset=latin1", "multipart/form-data"] {
                let answer = try await world.send("POST", path, [:], fields: ["Content-Type": type])
                #expect(answer.status == 415, "\(type): \(answer)")
            }
            let large = Data("{\"name\":\"\(String(repeating: "a", count: 300_000))\"}".utf8)
            #expect(try await world.send("POST", path, raw: large).status == 413)
            let wrong = try await world.send(
                "POST", path,
                ["name": "a\u{0}b", "scopes": ["ok", "not ok"], "expires_in_s": 1_000_000_000_000, "admin": true])
            #expect(wrong.status == 422)
            let places = wrong.json["errors"]?.elements?.compactMap { $0["pointer"]?.text } ?? []
            #expect(Set(places) == ["/name", "/scopes/1", "/expires_in_s", "/admin"], "\(wrong)")
            #expect(try await world.send("POST", path, .array([])).status == 422)
            #expect(try await world.send("POST", path, raw: Data("{\"expires_in_s\":1e300}".utf8)).status == 422)
        }
    }

    @Test func `parameters: unknown, repeated, of the wrong form`() async throws {
        try await AdminWorld.with { world in
            for query in [
                "limit=0", "limit=101", "limit=1.5", "limit=5&limit=6", "page=2", "cursor=", "cursor=%00",
                "cursor=%ff", "limit=%", "include_deleted=yes", "plan=pro", "limit=99999999999999999999",
            ] {
                let answer = try await world.send("GET", "/v1/orgs?\(query)")
                #expect(answer.status == 400, "\(query): \(answer)")
            }
            for id in ["org_%00", "org_", "ORG_1", "org_%ff", "%2e%2e", String(repeating: "a", count: 3_000)] {
                let answer = try await world.send("GET", "/v1/orgs/\(id)")
                #expect(answer.status == 404, "\(id): \(answer)")
            }
            #expect(try await world.send("GET", "/v1/orgs", fields: ["Accept": "text/csv"]).status == 406)
            #expect(try await world.send("GET", "/v1/orgs", fields: ["Accept": "text/html, */*;q=0.1"]).status == 200)
        }
    }

    @Test func `tokens: expired, revoked and mistyped ones are 401; too many failures 429, but not for good ones`()
        async throws
    {
        try await AdminWorld.with { world in
            let good = world.token(.owner)
            #expect(try await world.send("GET", "/v1/whoami", as: good).json["role"]?.text == "OWNER")
            let made = try await world.send("POST", "/v1/operator-tokens", ["name": "second", "expires_in_s": 60])
            let token = try #require(made.json["token"]?.text)
            let id = try #require(made.json["id"]?.text)
            #expect(try await world.send("GET", "/v1/whoami", as: token).json["kind"]?.text == "operator")
            #expect(try await world.send("DELETE", "/v1/operator-tokens/\(id)").status == 204)
            #expect(try await world.send("GET", "/v1/whoami", as: token).status == 401)
            try await world.pool.query(
                "UPDATE admin_tokens SET created_at = now() - interval '2 days', expires_at = now() - interval '1 day'")
            #expect(try await world.send("GET", "/v1/whoami", as: good).status == 401)
            try await world.pool.query("UPDATE admin_tokens SET expires_at = now() + interval '1 day'")
            var answer = try await world.send("GET", "/v1/whoami", as: "guess-number-0")
            #expect(answer.status == 401)
            for number in 1..<500 where answer.status == 401 {
                answer = try await world.send("GET", "/v1/whoami", as: "guess-number-\(number)")
            }
            #expect(answer.status == 429 && Int(answer.fields["retry-after"] ?? "") ?? 0 >= 1, "\(answer)")
            #expect(try await world.send("GET", "/v1/whoami", as: good).status == 200)
            #expect(try await world.send("GET", "/v1/whoami").status == 200)
        }
    }

    @Test func `PostgreSQL away: 503 with Retry-After, and it comes back by itself`() async throws {
        let server = try TestPostgres.start()
        let database = try await server.createDatabase()
        var configuration = try database.configuration
        configuration.connectTimeout = .seconds(2)
        configuration.acquireTimeout = .seconds(5)
        let pool = PostgresPool(configuration)
        let stores = AdminStores(
            pool: pool, redis: nil, keyspace: Keyspace(), configuration: Configuration(), publish: { _ in })
        try await AdminWorld.serve(stores) { port in
            let world = try await AdminWorld.bare(port, pool)
            server.stop()
            let away = try await world.send("GET", "/v1/orgs")
            #expect(away.status == 503 && away.code == "records-unavailable", "\(away)")
            #expect(away.fields["retry-after"] == "2")
        }
        await pool.close()
    }
}
