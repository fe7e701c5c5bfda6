import Glibc
import Synchronization
import TestKit
import Testing

@testable import TollgateApp

/// Two gateways on one Redis behave as one.
struct FleetTests {
    private final class Watch: Sendable {
        let isRevoked = Mutex(false)
        /// Requests that began after the revocation and were not refused.
        let late = Mutex(0)
    }

    private static let job = #"{"type":"count","input":{"text":"to be or not to be"}}"#

    @Test func `AK-5: a key revoked while clients loop is refused at both gateways by the very next request`()
        async throws
    {
        let stack = try await DevStack.start()
        let second = try await GatewayProcess.start(beside: stack, configuration: DevStack.demoConfiguration)
        let (_, created) = try await stack.run("keys", "create", "--org", "demo")
        let secret = try #require(created.split(separator: "\n").last { $0.hasPrefix("tgk_live_") })
        let (_, list) = try await stack.run("keys", "list", "--org", "demo")
        let id = try #require(
            list.split(separator: "\n").last { $0.hasPrefix("key_") }?.split(separator: " ").first.map(String.init))
        let fields = ["Authorization": "Bearer \(secret)"]
        let watch = Watch()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for edge in [stack.edge, second.edge, stack.edge, second.edge] {
                group.addTask {
                    // Requests that began after the command returned must all be refused.
                    for _ in 0..<2_000 {
                        let beganAfter = watch.isRevoked.withLock { $0 }
                        let status = try await edge.send("GET", "/v1/echo", fields).status
                        if beganAfter {
                            if status != 401 { watch.late.withLock { $0 += 1 } }
                            return
                        }
                        #expect([200, 401, 429].contains(status))
                    }
                }
            }
            group.addTask {
                let (exit, output) = try await stack.run("keys", "revoke", id)
                #expect(exit == .status(0), "\(output)")
                watch.isRevoked.withLock { $0 = true }
            }
            try await group.waitForAll()
        }
        #expect(watch.late.withLock { $0 } == 0)
        for edge in [stack.edge, second.edge] {
            #expect(try await edge.send("GET", "/v1/echo", fields).status == 401)
        }
        #expect(await second.stop() == .status(0))
        await stack.stop()
    }

    @Test func `100 clients on a bucket of 10, spread over two gateways: exactly 10 pass`() async throws {
        let folder = try TestFolder(prefix: "fleet")
        let configuration = "\(folder.path)/fleet.yaml"
        try FleetConfiguration.write(to: configuration, routes: FleetConfiguration.bucket("ten", capacity: 10))
        let stack = try await DevStack.start(configuration: configuration)
        let second = try await GatewayProcess.start(beside: stack, configuration: configuration)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<100 {
                let edge = index % 2 == 0 ? stack.edge : second.edge
                group.addTask { try await edge.send("GET", "/v1/ten", stack.bearer).status }
            }
            return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses == [200: 10, 429: 90])
        #expect(await second.stop() == .status(0))
        await stack.stop()
    }

    @Test func `one Idempotency-Key from many clients at both gateways: one job, one unit of usage`() async throws {
        let stack = try await DevStack.start()
        let second = try await GatewayProcess.start(beside: stack, configuration: DevStack.demoConfiguration)
        var fields = stack.bearer
        fields["Idempotency-Key"] = "one-of-many"
        fields["Content-Type"] = "application/json"
        let submission = fields
        let answers = try await withThrowingTaskGroup(of: PlainHTTP.Answer.self) { group in
            for index in 0..<150 {
                let edge = index % 2 == 0 ? stack.edge : second.edge
                group.addTask { try await edge.send("POST", "/v1/jobs", submission, body: Self.job) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let executed = answers.filter { $0.status == 202 && $0.fields["idempotent-replayed"] == nil }
        #expect(executed.count == 1)
        #expect(answers.allSatisfy { [202, 409].contains($0.status) })
        let listed = try await stack.edge.send("GET", "/v1/jobs", stack.bearer).body
        #expect(listed.split(separator: #""id":"job_"#).count == 2)
        try await eventually("one unit of usage") {
            try await stack.run("usage", "--meter", "jobs", "--json").output.contains(#""quantity":1}"#)
        }
        #expect(await second.stop() == .status(0))
        await stack.stop()
    }
}
