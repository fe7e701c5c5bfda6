import AsyncHTTPClient
import NIOHTTP1
import TestKit
import Testing

@testable import JobService

@Suite struct `GET /v1/jobs/{id}/events` {
    private static func slow(steps: Int, stepMs: Int = 80) -> JSONValue {
        [
            "type": "slow",
            "input": ["text": "one two three four", "steps": .integer(steps), "step_ms": .integer(stepMs)],
        ]
    }

    @Test func `status, progress in order, the end with the usage, and then nothing`() async throws {
        try await RunningService.with({ $0.worker.workers = 1 }) { service in
            // The only worker has another job until the stream is open.
            let before = try await service.submit(Self.slow(steps: 1, stepMs: 60_000))
            _ = try await service.job(before) { $0.status == "running" }
            let id = try await service.submit(Self.slow(steps: 5))
            let answer = try await service.openEvents(id)
            _ = try await service.call(.DELETE, "/v1/jobs/\(before)")
            #expect(answer.headers.first(name: "content-type") == "text/event-stream")
            #expect(answer.headers.first(name: "x-accel-buffering") == "no")
            #expect(answer.headers.first(name: "cache-control") == "no-store")
            let events = try await answer.readEvents().filter { $0.comment == nil }
            #expect(events.first?.name == "status")
            #expect(events.last?.name == "completed")
            #expect(events.last?.data["usage"] == ["units": 1])
            #expect(events.last?.data["status"] == "succeeded")
            #expect(events.dropLast().allSatisfy { $0.name == "status" || $0.name == "progress" })
            let done = events.filter { $0.name == "progress" }.compactMap { $0.data["done"]?.integer }
            #expect(done == done.sorted() && Set(done).count == done.count)
            #expect(done.last == 5)
            let ids = events.compactMap { $0.id.flatMap { Int($0) } }
            #expect(ids == ids.sorted() && Set(ids).count == ids.count && !ids.isEmpty)
        }
    }

    @Test func `a client that comes back gets what it has not seen, and 204 after the end`() async throws {
        try await RunningService.with { service in
            var (id, first) = ("", [ReceivedEvent]())
            // Where the job had ended before the stream was open, with another job.
            try await eventually("a stream that is left in the middle") {
                id = try await service.submit(Self.slow(steps: 4))
                first = try await service.events(id) { $0.name == "progress" }
                return first.last?.name == "progress"
            }
            let lastID = try #require(first.last?.id)
            let rest = try await service.events(id, lastEventID: lastID).filter { $0.comment == nil }
            #expect(rest.last?.name == "completed")
            let seen = first.compactMap { $0.data["done"]?.integer }
            let more = rest.compactMap { $0.data["done"]?.integer }
            #expect(more.allSatisfy { $0 > seen.last ?? 0 })
            let end = try await service.openEvents(id, lastEventID: rest.last?.id)
            #expect(end.status == .noContent)
            let again = try await service.events(id, lastEventID: "0")
            #expect(again.last?.name == "completed")
        }
    }

    @Test func `the stream of an ended job is its end`() async throws {
        try await RunningService.with { service in
            let id = try await service.submit(["type": "count", "input": ["text": "a"]])
            _ = try await service.ended(id)
            #expect(try await service.events(id).map(\.name) == ["completed"])
        }
    }

    @Test func `a cancelled job ends with cancelled, a failed one with failed`() async throws {
        try await RunningService.with({ $0.modelURL = "http://127.0.0.1:1/v1" }) { service in
            let slow = try await service.submit(Self.slow(steps: 1, stepMs: 60_000))
            let answer = try await service.openEvents(slow)
            _ = try await service.job(slow) { $0.status == "running" }
            _ = try await service.call(.DELETE, "/v1/jobs/\(slow)")
            let events = try await answer.readEvents()
            #expect(events.last?.name == "cancelled")
            #expect(events.last?.data["usage"] == ["units": 0])

            let failing: JSONValue = ["type": "http", "input": ["model": "m", "prompt": "p"], "max_attempts": 1]
            let end = try await service.events(try await service.submit(failing)).last
            #expect(end?.name == "failed")
            #expect(end?.data["error"]?["code"] == "model-unreachable")
            #expect(end?.data["usage"] == ["units": 0])
        }
    }

    @Test func `a quiet stream shows signs of life`() async throws {
        try await RunningService.with({ $0.eventHeartbeat = .milliseconds(30) }) { service in
            let id = try await service.submit(Self.slow(steps: 1, stepMs: 60_000))
            var comments = 0
            let events = try await service.events(id) { event in
                comments += event.comment == nil ? 0 : 1
                return comments == 3
            }
            #expect(events.last?.comment == ": keep-alive")
        }
    }

    @Test func `a stream may be read at another service than the one that works`() async throws {
        try await RunningService.with { worker in
            try await RunningService.with(on: worker.database, { $0.worker.workers = 0 }) { front in
                let id = try await front.submit(Self.slow(steps: 3))
                #expect(try await front.events(id).last?.name == "completed")
            }
        }
    }

    @Test func `open streams do not keep a service from ending`() async throws {
        try await RunningService.with { service in
            let id = try await service.submit(Self.slow(steps: 1, stepMs: 60_000))
            let answer = try await service.openEvents(id)
            await service.shutDown()
            #expect(try await answer.readEvents().allSatisfy { $0.name == "status" || $0.comment != nil })
        }
    }
}
