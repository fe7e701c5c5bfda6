import Domain
import TestKit
import Testing

@testable import Edge

/// Event streams under a key, and clients that leave: rows j, k and l, IK-30.
@Suite struct StreamReplayTests {
    private static let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"

    private static func event(_ number: Int) -> String {
        "id: \(number)\nevent: progress\ndata: {\"step\":\(number),\"usage\":{\"tokens\":\(number * 3)}}\n\n"
    }

    private static func events(_ range: ClosedRange<Int>) -> String { range.map(Self.event).joined() }

    /// Each event a chunk of its own.
    private static func chunks(_ range: ClosedRange<Int>) -> String {
        range.map { number in
            let event = Self.event(number)
            return "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n"
        }.joined()
    }

    /// A stream of 200 events that waits for the test in the middle.
    private static let stream = ScriptedUpstream.Answer(
        .bytes("\(Self.head)Transfer-Encoding: chunked\r\n\r\n"), .bytes(Self.chunks(1...50)),
        .bytes(Self.chunks(51...100)), .gate, .bytes(Self.chunks(101...200)), .bytes("0\r\n\r\n"))

    private static func metered(_ configuration: inout Configuration) {
        configuration.route("v1") {
            $0.meters.append(MeterRule(meter: "tokens", quantity: .lastEvent("/usage/tokens")))
        }
    }

    @Test func `IK-20 (row j) a stream of 200 events is replayed byte for byte, at once, and counted once`()
        async throws
    {
        try await KeyedScene.with({ _, _ in Self.stream }, configuration: Self.metered) { scene in
            scene.upstream.proceed()
            let first = try scene.send(key: "k")
            #expect(first?.text == Self.events(1...200))
            #expect(first?["transfer-encoding"] == "chunked")
            for _ in 1...2 {
                let replay = try scene.send(key: "k")
                #expect(replay?.isReplay == true)
                #expect(replay?.body == first?.body)
                #expect(replay?["content-type"] == "text/event-stream")
                #expect(replay?["content-length"] == "\(Self.events(1...200).utf8.count)")
            }
            #expect(scene.executions == 1)
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 1, "tokens": 600])
        }
    }

    @Test
    func `IK-22 (row l) a client gone at event 100 gets the whole stream on retry: one execution, all of its usage`()
        async throws
    {
        try await KeyedScene.with({ _, _ in Self.stream }, configuration: Self.metered) { scene in
            let client = try scene.edge.client()
            client.send(scene.request(key: "k"))
            #expect(client.read(through: "\"tokens\":300}}") != nil)
            client.reset()
            try await scene.expectConnections(0)
            let meanwhile = try scene.send(key: "k")
            #expect(meanwhile?.code == "idempotency-in-progress")
            scene.upstream.proceed()
            try await eventually("the replay") { try scene.send(key: "k")?.isReplay == true }
            let replay = try scene.send(key: "k")
            #expect(replay?.text == Self.events(1...200))
            #expect(scene.executions == 1)
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 1, "tokens": 600])
        }
    }

    @Test func `IK-22 (row l) without a key the upstream is cancelled, and what was delivered is counted`() async throws
    {
        try await KeyedScene.with({ _, _ in Self.stream }, configuration: Self.metered) { scene in
            let client = try scene.edge.client()
            client.send(scene.request(key: nil))
            #expect(client.read(through: "\"tokens\":300}}") != nil)
            client.close()
            try await eventually("the cancelled connection") { await scene.edge.count("upstream_connections") == 0 }
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 1, "tokens": 300])
        }
    }

    @Test func `IK-22 (row l) without a key and before the answer, nothing is counted`() async throws {
        try await KeyedScene.with({ _, _ in .init(.gate) }, configuration: Self.metered) { scene in
            let client = try scene.edge.client()
            client.send(scene.request(key: nil))
            try await scene.expectExecutions(1)
            client.close()
            try await eventually("the cancelled connection") { await scene.edge.count("upstream_connections") == 0 }
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 0])
        }
    }

    @Test func `IK-21 (row k) a stream beyond the cap is delivered whole, and remembered as done`() async throws {
        try await KeyedScene.with(
            { _, _ in Self.stream }, policy: { $0.responseBytesMax = 4_000 }, configuration: Self.metered
        ) { scene in
            scene.upstream.proceed()
            let first = try scene.send(key: "k")
            #expect(first?.text == Self.events(1...200))
            let second = try scene.send(key: "k")
            #expect(second?.status == 409)
            #expect(second?.code == "idempotency-result-unavailable")
            #expect(second?.problem?["original_status"] as? Int == 200)
            #expect(second?.problem?["original_length"] as? Int == Self.events(1...200).utf8.count)
            #expect(scene.executions == 1)
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 1, "tokens": 600])
        }
    }

    @Test func `IK-21 (row k) what is not done within the detached timeout is remembered as not replayable`()
        async throws
    {
        try await KeyedScene.with({ _, _ in Self.stream }, policy: { $0.detachedTimeoutMs = 300 }) { scene in
            let client = try scene.edge.client()
            client.send(scene.request(key: "k"))
            #expect(client.read(through: "\"tokens\":300}}") != nil)
            client.close()
            try await eventually("the end of the drain") {
                try scene.send(key: "k")?.code == "idempotency-result-unavailable"
            }
            try await eventually("the cancelled connection") { await scene.edge.count("upstream_connections") == 0 }
            #expect(scene.executions == 1)
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 1])
        }
    }

    @Test func `IK-14 (row e) no answer within the detached timeout is stored as a 504`() async throws {
        try await KeyedScene.with({ _, _ in .init(.gate) }, policy: { $0.detachedTimeoutMs = 300 }) { scene in
            let client = try scene.edge.client()
            client.send(scene.request(key: "k"))
            try await scene.expectExecutions(1)
            client.close()
            try await eventually("the end of the drain") { try scene.send(key: "k")?.code == "upstream-timeout" }
            #expect(try scene.send(key: "k")?.isReplay == true)
            #expect(scene.executions == 1)
        }
    }

    @Test(arguments: [false, true])
    func `IK-30 IK-22 (row l) a client that leaves before the answer finds it when it asks again`(_ resets: Bool)
        async throws
    {
        try await KeyedScene.with({ _, seen in
            .init(.gate, .bytes("HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\ndone"))
        }) { scene in
            let client = try scene.edge.client()
            client.send(scene.request(key: "k"))
            try await scene.expectExecutions(1)
            if resets { client.reset() } else { client.close() }
            try await scene.expectConnections(0)
            #expect(try scene.send(key: "k")?.code == "idempotency-in-progress")
            scene.upstream.proceed()
            try await eventually("the replay") { try scene.send(key: "k")?.isReplay == true }
            let replay = try scene.send(key: "k")
            #expect(replay?.status == 201)
            #expect(replay?.text == "done")
            #expect(scene.executions == 1)
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 1])
        }
    }

    @Test func `IK-18 (row h) a drained answer that is cut off is stored as upstream-truncated`() async throws {
        try await KeyedScene.with({ _, _ in
            .init(.bytes("\(Self.head)Content-Length: 1000\r\n\r\nstart"), .gate, .close)
        }) { scene in
            let client = try scene.edge.client()
            client.send(scene.request(key: "k"))
            #expect(client.read(through: "start") != nil)
            client.close()
            try await scene.expectConnections(0)
            scene.upstream.proceed()
            try await eventually("the end") { try scene.send(key: "k")?.code == "upstream-truncated" }
            #expect(scene.executions == 1)
            // It had begun to answer: as if the client had stayed.
            try await scene.edge.realm.expectMeters(scene.tenant, ["jobs": 1])
        }
    }
}
