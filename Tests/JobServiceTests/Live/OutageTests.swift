import Glibc
import NIOHTTP1
import PostgresClient
import TestKit
import Testing

@testable import JobService

@Suite struct `When something fails` {
    private static func slow(steps: Int, stepMs: Int) -> JSONValue {
        ["type": "slow", "input": ["text": "a b c", "steps": .integer(steps), "step_ms": .integer(stepMs)]]
    }

    @Test func `a killed process's job is done by another, and counted once`() async throws {
        let database = try await TestPostgres.shared().createDatabase()
        let victim = try await ServiceProcess(on: database, ["--lease", "1s", "--workers", "1"])
        let before = victim.service(on: database)
        let id = try await before.submit(Self.slow(steps: 20, stepMs: 100))
        _ = try await before.job(id) { $0["progress"]?["done"]?.integer ?? 0 >= 1 }
        victim.signal(SIGKILL)
        #expect(try await victim.exitStatus() == SIGKILL)

        let survivor = try await ServiceProcess(on: database, ["--lease", "1s", "--workers", "2"])
        let after = survivor.service(on: database)
        let events = try await after.events(id).filter { $0.comment == nil }
        #expect(events.last?.name == "completed")
        #expect(events.last?.data["usage"] == ["units": 1])
        let job = try await after.ended(id)
        #expect(job["status"] == "succeeded")
        #expect(job["attempts"] == 2)
        #expect(job["output"]?["words"] == 3)
        survivor.signal(SIGTERM)
        #expect(try await survivor.exitStatus() == 0)
    }

    @Test func `SIGTERM lets a running job finish`() async throws {
        let database = try await TestPostgres.shared().createDatabase()
        let process = try await ServiceProcess(on: database, ["--drain", "60s"])
        let id = try await process.service(on: database).submit(Self.slow(steps: 40, stepMs: 150))
        _ = try await process.service(on: database).job(id) { $0.status == "running" }
        process.signal(SIGTERM)
        #expect(try await process.exitStatus() == 0)
        try await RunningService.with(on: database, { $0.worker.workers = 0 }) { service in
            let job = try await service.call(.GET, "/v1/jobs/\(id)").json
            #expect(job["status"] == "succeeded")
            #expect(job["attempts"] == 1)
        }
    }

    @Test func `SIGTERM gives back what does not finish in time`() async throws {
        let database = try await TestPostgres.shared().createDatabase()
        let process = try await ServiceProcess(on: database, ["--drain", "100ms"])
        let id = try await process.service(on: database).submit(Self.slow(steps: 1, stepMs: 60_000))
        _ = try await process.service(on: database).job(id) { $0.status == "running" }
        process.signal(SIGTERM)
        #expect(try await process.exitStatus() == 0)
        try await RunningService.with(on: database, { $0.worker.workers = 0 }) { service in
            let job = try await service.call(.GET, "/v1/jobs/\(id)").json
            #expect(job["status"] == "queued")
            #expect(job["attempts"] == 0)
        }
    }

    @Test(arguments: [false, true])
    func `a job outlives a restart of PostgreSQL`(crash: Bool) async throws {
        let server = try TestPostgres.start(settings: [("fsync", "on")])
        let database = try await server.createDatabase()
        try await RunningService.with(on: database, { $0.eventHeartbeat = .milliseconds(100) }) { service in
            let id = try await service.submit(Self.slow(steps: 8, stepMs: 100))
            let waiting = try await service.openEvents(id)
            _ = try await service.job(id) { $0.status == "running" }
            if crash { server.kill() } else { server.stop() }
            #expect(try await service.call(.GET, "/healthz").status == 503)
            let refused = try await service.call(.POST, "/v1/jobs", Self.slow(steps: 1, stepMs: 0))
            #expect(refused.status == 503)
            #expect(refused.header("retry-after") != nil)
            #expect(try refused.json["code"] == "upstream-unavailable")
            try server.restart()

            let job = try await service.ended(id)
            #expect(job["status"] == "succeeded")
            #expect(job["attempts"] == 1)
            let events = try await waiting.readEvents().filter { $0.comment == nil }
            #expect(events.last?.name == "completed")
            #expect(try await service.call(.GET, "/healthz").status == 200)
            // Notifications work again as well: nothing here waits for the poll.
            #expect(try await service.call(.POST, "/v1/jobs?wait=30s", Self.slow(steps: 1, stepMs: 0)).status == 200)
        }
    }

    @Test func `an answer of the service tells nothing of the database`() async throws {
        let problem = ProblemMiddleware.problem(
            for: PostgresError(.unreachable, "no server answers at db.internal port 5432"))
        #expect(problem.kind.status == 503)
        #expect(!problem.detail.contains("internal"))
        #expect(ProblemMiddleware.problem(for: PostgresError(.statement, "syntax")).kind.status == 500)
    }
}
