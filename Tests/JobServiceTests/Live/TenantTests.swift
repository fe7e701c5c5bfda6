import NIOHTTP1
import PostgresClient
import TestKit
import Testing

@testable import JobService

@Suite struct `Whose jobs` {
    @Test func `other orgs and the other environment see nothing`() async throws {
        try await RunningService.with { service in
            let later = "2099-01-01T00:00:00Z"
            #expect(
                try await service.call(
                    .POST, "/v1/jobs", ["type": "count", "input": ["text": "a"], "run_at": .string(later)]
                ).status == 422)
            let id = try await service.submit(["type": "slow", "input": ["text": "a", "steps": 1, "step_ms": 60_000]])
            for stranger in [identity(org: "org_2"), identity(environment: "test"), identity(org: "ORG_1")] {
                for (method, path) in [
                    (HTTPMethod.GET, "/v1/jobs/\(id)"), (.DELETE, "/v1/jobs/\(id)"), (.GET, "/v1/jobs/\(id)/events"),
                ] {
                    let reply = try await service.call(method, path, headers: stranger)
                    #expect(reply.status == 404)
                    #expect(try reply.json["code"] == "resource-not-found")
                }
                #expect(try await service.call(.GET, "/v1/jobs", headers: stranger).json["data"] == [])
            }
            let own = try await service.call(.GET, "/v1/jobs/\(id)").json
            #expect(own["cancel_requested"] == nil)
            let test = try await service.submit(
                ["type": "count", "input": ["text": "a"]], headers: identity(environment: "test"))
            let shown = try await service.call(.GET, "/v1/jobs/\(test)", headers: identity(environment: "test"))
            #expect(try shown.json["environment"] == "test")
        }
    }

    @Test func `every route of jobs asks for an org`() async throws {
        try await RunningService.with { service in
            let id = "job_00000000000000000000000000"
            for (method, path) in [
                (HTTPMethod.GET, "/v1/jobs"), (.POST, "/v1/jobs"), (.GET, "/v1/jobs/\(id)"),
                (.DELETE, "/v1/jobs/\(id)"), (.GET, "/v1/jobs/\(id)/events"),
            ] {
                let reply = try await service.call(method, path, headers: [:])
                #expect(reply.status == 401, "\(method) \(path)")
                #expect(try reply.json["code"] == "credentials-missing")
            }
        }
    }

    @Test func `the key that submitted a job is kept with it`() async throws {
        try await RunningService.with { service in
            let id = try await service.submit(
                ["type": "count", "input": ["text": "a"]], headers: identity(key: "key_9"))
            let pool = try service.database.pool()
            let row = try await pool.query("SELECT api_key_id, org_id, environment FROM jobs WHERE id = \(id)").only()
            #expect(try row["api_key_id", as: String?.self] == "key_9")
            #expect(try row["org_id", as: String.self] == "org_1")
            await pool.close()
        }
    }
}

@Suite struct `GET /v1/jobs` {
    @Test func `pages hold every job once, newest first`() async throws {
        try await RunningService.with { service in
            var ids: [String] = []
            for _ in 0..<7 { ids.append(try await service.submit(["type": "count", "input": ["text": "a"]])) }
            _ = try await service.submit(["type": "count", "input": ["text": "a"]], headers: identity(org: "org_2"))
            var seen: [String] = []
            var cursor = ""
            var pages = 0
            repeat {
                let page = try await service.call(.GET, "/v1/jobs?limit=3\(cursor)").json
                guard case .array(let jobs)? = page["data"] else { throw NeverHappened(what: "a page with data") }
                #expect(jobs.allSatisfy { $0["input"] == nil && $0["output"] == nil })
                seen += jobs.compactMap { $0["id"]?.string }
                pages += 1
                cursor = page["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(pages == 3)
            #expect(seen == ids.sorted().reversed())
        }
    }

    @Test func `a status filters`() async throws {
        try await RunningService.with { service in
            let done = try await service.submit(["type": "count", "input": ["text": "a"]])
            _ = try await service.ended(done)
            let running = try await service.submit([
                "type": "slow", "input": ["text": "a", "steps": 1, "step_ms": 60_000],
            ])
            for (status, expected) in [("succeeded", [done]), ("running", [running]), ("failed", [])] {
                try await eventually("listed as \(status)") {
                    guard
                        case .array(let jobs)? = try await service.call(.GET, "/v1/jobs?status=\(status)").json["data"]
                    else { return false }
                    return jobs.compactMap { $0["id"]?.string } == expected
                }
            }
        }
    }

    @Test(arguments: [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=x", "cursor"), ("status=done", "status")])
    func `mistakes are told with the parameter`(query: String, parameter: String) async throws {
        try await RunningService.with { service in
            let reply = try await service.call(.GET, "/v1/jobs?\(query)")
            #expect(reply.status == 400)
            #expect(try reply.json.places == [parameter])
        }
    }
}
