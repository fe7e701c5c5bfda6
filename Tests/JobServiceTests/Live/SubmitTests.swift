import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import PostgresClient
import TestKit
import Testing

@testable import JobService

@Suite struct `POST /v1/jobs` {
    @Test func `a job is taken in, done, and shown with its result`() async throws {
        try await RunningService.with { service in
            let text = String(repeating: "word ", count: 50)
            let reply = try await service.call(.POST, "/v1/jobs", ["type": "count", "input": ["text": .string(text)]])
            #expect(reply.status == 202)
            let id = try #require(try reply.json["id"]?.string)
            #expect(id.hasPrefix("job_"))
            #expect(reply.header("location") == "/v1/jobs/\(id)")
            #expect(reply.header("x-job-units") == "3")
            #expect(try reply.json["status"] == "queued")

            let job = try await service.ended(id)
            #expect(job["status"] == "succeeded")
            #expect(job["output"]?["words"] == 50)
            #expect(job["usage"] == ["units": 3])
            #expect(job["input"] == ["text": .string(text)])
            #expect(job["attempts"] == 1)
            #expect(job["error"] == nil)
            for time in ["created_at", "run_at", "started_at", "finished_at"] {
                #expect(job[time]?.string.flatMap(Timestamp.unixMicroseconds) != nil, "\(time)")
            }
        }
    }

    @Test(arguments: [
        (#"{"type":"count","input":{"text":"a b a"}}"#, "words", "3"),
        (#"{"type":"hash","input":{"text":"abc"}}"#, "bytes", "3"),
        (
            #"{"type":"transform","input":{"text":"Hello There","steps":["reverse_words","slug"]}}"#, "text",
            #""there-hello""#
        ),
        (#"{"type":"slow","input":{"text":"a b c","steps":3,"step_ms":1}}"#, "words", "3"),
    ])
    func `with wait the answer is the result`(json: String, member: String, expected: String) async throws {
        try await RunningService.with { service in
            let reply = try await service.call(.POST, "/v1/jobs?wait=30s", try JSONValue(parsing: json.utf8))
            #expect(reply.status == 200)
            #expect(reply.header("x-job-units") == "1")
            #expect(try reply.json["status"] == "succeeded")
            #expect(try reply.json["output"]?[member]?.encoded() == expected)
            #expect(try reply.json["usage"] == ["units": 1])
        }
    }

    @Test func `a job that takes longer than the wait is answered as it stands`() async throws {
        try await RunningService.with { service in
            let json: JSONValue = ["type": "slow", "input": ["text": "a", "steps": 1, "step_ms": 60_000]]
            let reply = try await service.call(.POST, "/v1/jobs?wait=100ms", json)
            #expect(reply.status == 202)
            let status = try reply.json["status"]
            #expect(status == "running" || status == "queued")
        }
    }

    @Test func `a job with a time is not run before it`() async throws {
        try await RunningService.with { service in
            let later = Timestamp.text(unixMicroseconds: PostgresInstant.now.unixMicroseconds + 3_600_000_000)
            let id = try await service.submit(["type": "count", "input": ["text": "a"], "run_at": .string(later)])
            let soon = Timestamp.text(unixMicroseconds: PostgresInstant.now.unixMicroseconds + 300_000)
            let other = try await service.submit(["type": "count", "input": ["text": "a"], "run_at": .string(soon)])
            let done = try await service.ended(other)
            #expect(done["started_at"]?.string ?? "" >= soon)
            #expect(try await service.call(.GET, "/v1/jobs/\(id)").json["status"] == "queued")
        }
    }

    @Test func `PD-1 PD-3 mistakes are problem documents`() async throws {
        try await RunningService.with { service in
            func expect(
                _ status: Int, _ code: String, _ places: [String] = [], _ change: (inout HTTPClientRequest) -> Void
            ) async throws {
                var request = HTTPClientRequest(url: "\(service.url)/v1/jobs")
                request.method = .POST
                request.headers = identity()
                request.headers.add(name: "x-request-id", value: "req_test")
                change(&request)
                let reply = try await service.send(request)
                let json = try reply.json
                #expect(reply.status == status)
                #expect(json["status"] == .integer(status))
                #expect(json["code"] == .string(code))
                #expect(json["type"] == .string("urn:tollgate:problem:\(code)"))
                #expect(json["title"]?.string != nil && json["detail"]?.string != nil)
                #expect(json["request_id"] == "req_test")
                #expect(json.places == places)
                #expect(reply.header("content-type") == "application/problem+json")
                #expect(reply.header("cache-control") == "no-store")
                #expect(reply.header("x-request-id") == "req_test")
            }
            let good = #"{"type":"count","input":{"text":"a"}}"#
            try await expect(401, "credentials-missing") { $0.headers.remove(name: "x-tollgate-org") }
            try await expect(400, "invalid-request", ["X-Tollgate-Environment"]) {
                $0.headers.replaceOrAdd(name: "x-tollgate-environment", value: "prod")
            }
            try await expect(400, "invalid-request", [""]) { $0.body = .bytes(ByteBuffer(string: "{")) }
            try await expect(400, "invalid-request", ["wait"]) {
                $0.url += "?wait=31s"
                $0.body = .bytes(ByteBuffer(string: good))
            }
            try await expect(415, "unsupported-media-type") {
                $0.headers.add(name: "content-type", value: "text/plain")
                $0.body = .bytes(ByteBuffer(string: good))
            }
            try await expect(413, "content-too-large") {
                $0.body = .bytes(ByteBuffer(repeating: 32, count: JobRoutes.bodyBytesMax + 1))
            }
            try await expect(422, "validation-failed", ["/surplus", "/input/text"]) {
                $0.body = .bytes(ByteBuffer(string: #"{"type":"count","input":{},"surplus":1}"#))
            }
            try await expect(422, "validation-failed", ["/type"]) {
                $0.body = .bytes(ByteBuffer(string: #"{"type":"http","input":{"model":"m","prompt":"p"}}"#))
            }
            try await expect(405, "method-not-allowed") { $0.method = .PUT }
            try await expect(404, "route-not-found") { $0.url += "/a/b/c" }
            try await expect(404, "resource-not-found") {
                $0.url += "/job_00000000000000000000000000"
                $0.method = .GET
            }
            try await expect(404, "resource-not-found") {
                $0.url += "/anything"
                $0.method = .DELETE
            }
        }
    }

    @Test func `405 names what is allowed, and HEAD is GET without a body`() async throws {
        try await RunningService.with { service in
            #expect(try await service.call(.PATCH, "/v1/jobs").header("allow") == "GET, HEAD, POST")
            let id = try await service.submit(["type": "count", "input": ["text": "a"]])
            #expect(try await service.call(.PUT, "/v1/jobs/\(id)").header("allow") == "DELETE, GET, HEAD")
            let head = try await service.call(.HEAD, "/v1/jobs/\(id)")
            #expect(head.status == 200 && head.body.readableBytes == 0)
            let missing = try await service.call(.HEAD, "/v1/jobs/job_00000000000000000000000000")
            #expect(missing.status == 404 && missing.body.readableBytes == 0)
        }
    }
}
