import Foundation
import Glibc
import TestKit
import Testing

@testable import TollgateApp

/// `tollgate dev` and the commands beside it, as processes.
@Suite(.serialized) struct DevTests {
    private static let job = #"{"type":"count","input":{"text":"to be or not to be"}}"#

    private static func submit(_ stack: DevStack, key: String) async throws -> PlainHTTP.Answer {
        var fields = stack.bearer
        fields["Idempotency-Key"] = key
        fields["Content-Type"] = "application/json"
        return try await stack.edge.send("POST", "/v1/jobs", fields, body: Self.job)
    }

    @Test func `a request is authenticated, limited, deduplicated, metered and forwarded; a restart keeps it all`()
        async throws
    {
        let stack = try await DevStack.start()
        let first = try await Self.submit(stack, key: "dev-test")
        #expect((200...202).contains(first.status), "\(first)")
        let replay = try await Self.submit(stack, key: "dev-test")
        #expect(replay.status == first.status && replay.fields["idempotent-replayed"] == "true", "\(replay)")
        #expect(try await stack.edge.send("GET", "/v1/jobs").status == 401)
        try await eventually("one job is in the usage") {
            let (exit, output) = try await stack.run("usage", "--meter", "jobs", "--json")
            return exit == .status(0) && output.contains(#""meter":"jobs","quantity":1}"#)
        }
        let ready = try await stack.admin.send("GET", "/readyz")
        #expect(ready.status == 200, "\(ready.body)")
        #expect(try await stack.admin.send("GET", "/v1/anything").status == 401)
        let admin = ["Authorization": "Bearer \(stack.environment.adminToken)"]
        #expect(try await stack.admin.send("GET", "/v1/anything", admin).status == 404)
        #expect(!stack.log.contains(stack.environment.key), "OB-5: the key is in the log")
        #expect(await stack.stop() == .status(0))
        #expect(DemoEnvironment.read("\(stack.folder.path)/data/demo.env")?.pid == nil)

        let again = try await DevStack.start(in: stack.folder)
        #expect(again.environment.key == stack.environment.key)
        let (_, usage) = try await again.run("usage", "--meter", "jobs", "--json")
        #expect(usage.contains(#""quantity":1}"#), "\(usage)")
        #expect(await again.stop() == .status(0))
    }

    @Test func `the demo starts with what tollgate seed makes, once; its keys and the one of the org on FREE work`()
        async throws
    {
        let stack = try await DevStack.start(isBare: false)
        let admin = ["Authorization": "Bearer \(stack.environment.adminToken)"]
        func list(_ path: String) async throws -> [[String: Any]] {
            let answer = try await stack.admin.send("GET", path, admin)
            let object = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
            return try #require(object?["data"] as? [[String: Any]], "\(answer)")
        }
        #expect(try await list("/v1/users").count == 4)
        let orgs = try await list("/v1/orgs")
        #expect(Set(orgs.compactMap { $0["plan"] as? String }) == ["FREE", "PRO"] && orgs.count == 2)
        let acme = try #require(orgs.first { $0["slug"] as? String == "acme" }?["id"] as? String)
        var jobs = 0
        for id in orgs.compactMap({ $0["id"] as? String }) {
            jobs += try await list("/v1/orgs/\(id)/jobs?limit=100").count
        }
        #expect(jobs == 100)
        let deliveries = try await list("/v1/orgs/\(acme)/webhook-deliveries")
        #expect(deliveries.contains { $0["status"] as? String == "failed" })
        #expect(try await list("/v1/orgs/\(acme)/usage?step=day&from=2000-01-01T00:00:00Z").count > 7)
        #expect(try await list("/v1/credit-packages").count == 4)
        for (key, burst) in [(stack.environment.key, 200), (stack.environment.freeKey, 20)] {
            let answer = try await stack.edge.send("GET", "/v1/echo", ["Authorization": "Bearer \(key)"])
            #expect(
                answer.status == 200 && answer.fields["ratelimit-policy"]?.contains("q=\(burst);") == true, "\(answer)")
        }
        #expect(
            try await stack.edge.send("GET", "/v1/echo", ["Authorization": "Bearer \(stack.environment.testKey)"])
                .status == 200)
        await stack.stop()
        let again = try await DevStack.start(in: stack.folder, isBare: false)
        #expect(again.environment.key == stack.environment.key)
        #expect(again.environment.freeKey == stack.environment.freeKey)
        #expect(try await again.run("orgs", "list").output.split(separator: "\n").count == 3, "a head and two orgs")
        await again.stop()
    }

    @Test func `AK-5: a key revoked by the command is refused by the very next request`() async throws {
        let stack = try await DevStack.start()
        let (made, output) = try await stack.run("keys", "create", "--org", "demo", "--scope", "jobs:read", "--json")
        #expect(made == .status(0), "\(output)")
        let line = output.split(separator: "\n").first { $0.hasPrefix("{") } ?? ""
        let key = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let secret = try #require(key["key"] as? String)
        let id = try #require(key["id"] as? String)
        let fields = ["Authorization": "Bearer \(secret)"]
        for _ in 0..<5 {
            let status = try await stack.edge.send("GET", "/v1/jobs", fields).status
            #expect(status != 401)
        }
        #expect(try await stack.run("keys", "revoke", id).exit == .status(0))
        let refused = try await stack.edge.send("GET", "/v1/jobs", fields)
        #expect(refused.status == 401 && refused.fields["x-tollgate-error"] == "api-key-revoked", "\(refused)")
        await stack.stop()
    }

    @Test func `nothing is left running when tollgate is killed, and the next start recovers`() async throws {
        let stack = try await DevStack.start()
        let pid = try #require(stack.process.pid)
        let children = Self.children(of: pid)
        #expect(children.count >= 3, "Redis, PostgreSQL and the job service: \(children)")
        kill(pid, SIGKILL)
        try await eventually("every child is gone", deadline: .seconds(60)) {
            children.allSatisfy { kill($0, 0) != 0 }
        }
        let again = try await DevStack.start(in: stack.folder)
        #expect(again.environment.key == stack.environment.key)
        #expect(again.log.contains("did not stop in order"))
        #expect(await again.stop() == .status(0))
    }

    @Test func `a second instance and a taken port are explained`() async throws {
        let stack = try await DevStack.start()
        let data = "\(stack.folder.path)/data"
        let second = try await stack.run("dev", "--data", data, "--config", "/nonexistent")
        #expect(
            second.exit == .status(1) && second.output.contains("PID \(stack.process.pid ?? 0)"), "\(second.output)")
        await stack.stop()
    }

    @Test func `commands end with the status that their help promises`() async throws {
        let stack = try await DevStack.start()
        #expect(try await stack.run("keys", "show", "key_none").exit == .status(4))
        #expect(try await stack.run("keys", "list", "--org", "nobody").exit == .status(4))
        #expect(try await stack.run("no-such-command").exit == .status(2))
        #expect(try await stack.run("usage", "--from", "yesterday").exit == .status(2))
        #expect(try await stack.run("check", "/nonexistent.yaml").exit == .status(5))
        let away = try await stack.run("orgs", "list", "--database-url", "postgresql://127.0.0.1:1/none")
        #expect(away.exit == .status(3), "\(away.output)")
        for command in ["serve", "dev", "check", "migrate", "keys", "orgs", "usage", "sync"] {
            let help = try await stack.run(command, "--help")
            #expect(help.exit == .status(0) && help.output.contains("tollgate \(command)"), "\(help.output)")
        }
        await stack.stop()
    }

    /// Direct children, from /proc.
    private static func children(of pid: Int32) -> [Int32] {
        FileText.entries(of: "/proc").compactMap(Int32.init).filter { child in
            // pid (comm) state ppid: what follows the last parenthesis.
            let stat = FileText.read("/proc/\(child)/stat") ?? ""
            let rest = stat.split(separator: ")").last?.split(separator: " ") ?? []
            return rest.count > 1 && Int32(rest[1]) == pid
        }
    }
}
