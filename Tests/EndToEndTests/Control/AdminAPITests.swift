import Foundation
import Glibc
import TestKit
import Testing

@testable import TollgateApp

/// The admin API, the outbox and the edge together, as processes.
@Suite(.serialized) struct AdminAPITests {
    private static func admin(
        _ stack: DevStack, _ method: String, _ path: String, _ body: String = ""
    ) async throws -> PlainHTTP.Answer {
        var fields = ["Authorization": "Bearer \(stack.environment.adminToken)"]
        if !body.isEmpty { fields["Content-Type"] = "application/json" }
        return try await stack.admin.send(method, path, fields, body: body)
    }

    private static func object(_ answer: PlainHTTP.Answer) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any], "\(answer)")
    }

    private static func org(_ stack: DevStack) async throws -> String {
        let list = try Self.object(try await Self.admin(stack, "GET", "/v1/orgs?slug=demo"))
        return try #require((list["data"] as? [[String: Any]])?.first?["id"] as? String)
    }

    /// A key that may cancel jobs.
    private static func key(_ stack: DevStack, _ org: String) async throws -> (key: String, id: String) {
        let made = try Self.object(
            try await Self.admin(stack, "POST", "/v1/orgs/\(org)/keys", #"{"scopes":["jobs:write"]}"#))
        return (try #require(made["key"] as? String), try #require(made["id"] as? String))
    }

    /// What the edge says to a request that needs a scope: the name of its refusal, or that it was served.
    private static func edge(_ stack: DevStack, _ key: String) async throws -> String {
        let answer = try await stack.edge.send("DELETE", "/v1/jobs/job_none", ["Authorization": "Bearer \(key)"])
        return answer.fields["x-tollgate-error"] ?? "served"
    }

    @Test func `a change through the API is met by the very next request at the edge`() async throws {
        let stack = try await DevStack.start()
        let org = try await Self.org(stack)
        let revoked = try await Self.key(stack, org)
        #expect(try await Self.edge(stack, revoked.key) == "served")
        let levels = try await Self.admin(stack, "GET", "/v1/orgs/\(org)/keys/\(revoked.id)/limits")
        #expect(levels.status == 200 && levels.body.contains("\"remaining\""), "\(levels)")
        #expect(try await Self.admin(stack, "DELETE", "/v1/orgs/\(org)/keys/\(revoked.id)").status == 204)
        #expect(try await Self.edge(stack, revoked.key) == "api-key-revoked")

        let narrowed = try await Self.key(stack, org)
        #expect(try await Self.edge(stack, narrowed.key) == "served")
        let path = "/v1/orgs/\(org)/keys/\(narrowed.id)"
        #expect(try await Self.admin(stack, "PATCH", path, #"{"scopes":[]}"#).status == 200)
        #expect(try await Self.edge(stack, narrowed.key) == "insufficient-scope")

        let suspended = try await Self.key(stack, org)
        #expect(try await Self.edge(stack, suspended.key) == "served")
        #expect(try await Self.admin(stack, "POST", "/v1/orgs/\(org)/suspend").status == 200)
        #expect(try await Self.edge(stack, suspended.key) == "organization-suspended")
        #expect(try await Self.admin(stack, "POST", "/v1/orgs/\(org)/resume").status == 200)
        // A loop believes a refusal of its own for `key_cache.negative_ttl`.
        try await eventually("the org is served again", deadline: .seconds(60)) {
            try await Self.edge(stack, suspended.key) == "served"
        }
        await stack.stop()
    }

    @Test func `kill -9 between commit and publish loses nothing`() async throws {
        let stack = try await DevStack.start()
        let org = try await Self.org(stack)
        let made = try Self.object(
            try await Self.admin(stack, "POST", "/v1/orgs/\(org)/keys", #"{"scopes":["jobs:read"]}"#))
        let (key, id) = (try #require(made["key"] as? String), try #require(made["id"] as? String))
        let bearer = ["Authorization": "Bearer \(key)"]
        #expect(try await stack.edge.send("GET", "/v1/jobs", bearer).status == 200)
        // Redis stands still: the revocation is committed and answered, and cannot be published.
        let pid = try #require(stack.process.pid)
        let redis = try #require(Self.child(of: pid, named: "redis-server"))
        kill(redis, SIGSTOP)
        #expect(try await Self.admin(stack, "DELETE", "/v1/orgs/\(org)/keys/\(id)").status == 204)
        kill(pid, SIGKILL)
        kill(redis, SIGCONT)
        try await eventually("Redis is gone", deadline: .seconds(60)) { kill(redis, 0) != 0 }
        let again = try await DevStack.start(in: stack.folder)
        try await eventually("the revoked key is refused", deadline: .seconds(60)) {
            try await again.edge.send("GET", "/v1/jobs", bearer).fields["x-tollgate-error"] == "api-key-revoked"
        }
        await again.stop()
    }

    @Test func `an operator's token from the command line opens the API, and closes with its revocation`() async throws
    {
        let stack = try await DevStack.start()
        let (exit, output) = try await stack.run("admin", "token", "create", "--name", "ops", "--json")
        #expect(exit == .status(0), "\(output)")
        let line = output.split(separator: "\n").first { $0.hasPrefix("{") } ?? ""
        let token = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let fields = ["Authorization": "Bearer \(try #require(token["token"] as? String))"]
        #expect(try await stack.admin.send("GET", "/v1/whoami", fields).status == 200)
        #expect(try await stack.run("admin", "token", "list").output.contains("ops"))
        let id = try #require(token["id"] as? String)
        #expect(try await stack.run("admin", "token", "revoke", id).exit == .status(0))
        #expect(try await stack.admin.send("GET", "/v1/whoami", fields).status == 401)
        await stack.stop()
    }

    /// From /proc.
    private static func child(of pid: Int32, named name: String) -> Int32? {
        FileText.entries(of: "/proc").compactMap(Int32.init).first { child in
            let stat = FileText.read("/proc/\(child)/stat") ?? ""
            let rest = stat.split(separator: ")").last?.split(separator: " ") ?? []
            return stat.contains("(\(name)") && rest.count > 1 && Int32(rest[1]) == pid
        }
    }
}
