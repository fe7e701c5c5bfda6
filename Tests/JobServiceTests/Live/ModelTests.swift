import NIOHTTP1
import PostgresClient
import TestKit
import Testing

@testable import JobService

@Suite struct `Jobs of type http` {
    private static let job: JSONValue = [
        "type": "http",
        "input": ["model": "tiny-1", "messages": [["role": "user", "content": "hi"]], "max_tokens": 50],
    ]

    @Test func `the model's answer is the output, its tokens the usage`() async throws {
        try await FakeModelServer.with([.text("hello", prompt: 10, completion: 90)]) { model, url in
            try await RunningService.with({
                $0.modelURL = url + "/"
                $0.modelAPIKey = "sk-test"
            }) { service in
                let reply = try await service.call(.POST, "/v1/jobs?wait=30s", Self.job)
                #expect(reply.status == 200)
                #expect(reply.header("x-job-units") == "4")
                let job = try reply.json
                #expect(job["output"] == ["text": "hello", "model": "tiny-1", "finish_reason": "stop"])
                let usage: JSONValue = ["units": 4, "tokens": 100, "prompt_tokens": 10, "completion_tokens": 90]
                #expect(job["usage"] == usage)
                #expect(try await service.events(job["id"]?.string ?? "").last?.data["usage"] == usage)
                #expect(model.calls.count == 1)
                #expect(model.calls.first?.authorization == "Bearer sk-test")
                #expect(model.calls.first?.body["model"] == "tiny-1")
                #expect(model.calls.first?.body["max_tokens"] == 50)
            }
        }
    }

    @Test func `a busy model is asked again within the attempt`() async throws {
        try await FakeModelServer.with([.error(429, retryAfter: "0"), .error(503), .text("ok")]) { model, url in
            try await RunningService.with({ $0.modelURL = url }) { service in
                let job = try await service.ended(try await service.submit(Self.job))
                #expect(job["status"] == "succeeded")
                #expect(job["attempts"] == 1)
                #expect(model.calls.count == 3)
            }
        }
    }

    @Test func `an attempt that failed comes back later, with its pause, until none is left`() async throws {
        try await FakeModelServer.with([.error(500)]) { model, url in
            try await RunningService.with({
                $0.modelURL = url
                $0.worker.retryFirst = .seconds(250)
            }) { service in
                var json = Self.job
                if case .object(var members) = json {
                    members["max_attempts"] = 2
                    json = .object(members)
                }
                let id = try await service.submit(json)
                let waiting = try await service.job(id) { $0.status == "queued" && $0["attempts"] == 1 }
                #expect(waiting["error"]?["code"] == "model-unavailable")
                #expect(waiting["run_at"]?.string ?? "" > waiting["started_at"]?.string ?? "~")
                // Its time comes.
                let pool = try service.database.pool()
                try await pool.query("UPDATE jobs SET run_at = now() WHERE id = \(id)")
                await pool.close()
                let job = try await service.ended(id)
                #expect(job["status"] == "failed")
                #expect(job["attempts"] == 2)
                #expect(job["usage"] == ["units": 0])
                #expect(job["error"]?["message"]?.string?.contains("not now") == true)
                #expect(model.calls.count == 6)
            }
        }
    }

    @Test func `a refusal is final`() async throws {
        try await FakeModelServer.with([.error(400)]) { model, url in
            try await RunningService.with({ $0.modelURL = url }) { service in
                let job = try await service.ended(try await service.submit(Self.job))
                #expect(job["status"] == "failed")
                #expect(job["attempts"] == 1)
                #expect(job["error"]?["code"] == "model-refused")
                #expect(model.calls.count == 1)
            }
        }
    }

    @Test func `a service without a model leaves such jobs to others`() async throws {
        try await FakeModelServer.with([.text("ok")]) { _, url in
            try await RunningService.with({
                $0.modelURL = url
                $0.worker.workers = 0
            }) { front in
                let id = try await front.submit(Self.job)
                try await RunningService.with(on: front.database) { other in
                    let count = try await other.submit(["type": "count", "input": ["text": "a"]])
                    _ = try await other.ended(count)
                    #expect(try await other.call(.GET, "/v1/jobs/\(id)").json["status"] == "queued")
                    try await RunningService.with(on: front.database, { $0.modelURL = url }) { able in
                        let job = try await able.ended(id)
                        #expect(job["status"] == "succeeded")
                    }
                }
            }
        }
    }
}
