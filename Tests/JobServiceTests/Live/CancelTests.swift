import NIOHTTP1
import TestKit
import Testing

@testable import JobService

@Suite struct `DELETE /v1/jobs/{id}` {
    private static let endless: JSONValue = [
        "type": "slow", "input": ["text": "a b", "steps": 1000, "step_ms": 60_000],
    ]

    @Test func `a queued job is cancelled at once, and again without complaint`() async throws {
        try await RunningService.with({ $0.worker.workers = 0 }) { service in
            let id = try await service.submit(["type": "count", "input": ["text": "a"]])
            for _ in 0..<2 {
                let reply = try await service.call(.DELETE, "/v1/jobs/\(id)")
                #expect(reply.status == 200)
                #expect(try reply.json["status"] == "cancelled")
                #expect(try reply.json["usage"] == ["units": 0])
                #expect(try reply.json["finished_at"] != nil)
            }
        }
    }

    @Test func `a running job is told to stop, wherever it runs`() async throws {
        // The second service takes requests only, so the word must go through PostgreSQL.
        try await RunningService.with { worker in
            try await RunningService.with(on: worker.database, { $0.worker.workers = 0 }) { front in
                let id = try await front.submit(Self.endless)
                _ = try await front.job(id) { $0.status == "running" }
                let reply = try await front.call(.DELETE, "/v1/jobs/\(id)")
                #expect(reply.status == 202)
                #expect(try reply.json["cancel_requested"] == .bool(true))
                let job = try await front.ended(id)
                #expect(job["status"] == "cancelled")
                #expect(job["output"] == nil)
                #expect(job["usage"] == ["units": 0])
            }
        }
    }

    @Test func `a cancelled job frees its worker`() async throws {
        try await RunningService.with({ $0.worker.workers = 1 }) { service in
            let id = try await service.submit(Self.endless)
            _ = try await service.job(id) { $0.status == "running" }
            let next = try await service.submit(["type": "count", "input": ["text": "a"]])
            _ = try await service.call(.DELETE, "/v1/jobs/\(id)")
            #expect(try await service.ended(next)["status"] == "succeeded")
        }
    }

    @Test func `what has ended cannot be cancelled`() async throws {
        try await RunningService.with { service in
            let id = try await service.submit(["type": "count", "input": ["text": "a"]])
            _ = try await service.ended(id)
            let reply = try await service.call(.DELETE, "/v1/jobs/\(id)")
            #expect(reply.status == 409)
            #expect(try reply.json["code"] == "conflict")
            #expect(try await service.call(.GET, "/v1/jobs/\(id)").json["status"] == "succeeded")
        }
    }

    @Test func `a job that waits for its next attempt is cancelled at once`() async throws {
        try await FakeModelServer.with([.error(400)]) { _, url in
            try await RunningService.with({ $0.modelURL = url }) { service in
                let failed = try await service.submit(["type": "http", "input": ["model": "m", "prompt": "p"]])
                #expect(try await service.ended(failed)["status"] == "failed")
            }
        }
        try await RunningService.with({
            $0.modelURL = "http://127.0.0.1:1/v1"
            $0.worker.retryFirst = .seconds(250)
        }) { service in
            let id = try await service.submit(["type": "http", "input": ["model": "m", "prompt": "p"]])
            let waiting = try await service.job(id) { $0.status == "queued" && $0["attempts"] == 1 }
            #expect(waiting["error"]?["code"] == "model-unreachable")
            #expect(try await service.call(.DELETE, "/v1/jobs/\(id)").json["status"] == "cancelled")
        }
    }
}
