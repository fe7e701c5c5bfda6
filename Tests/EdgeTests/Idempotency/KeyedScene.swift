import Domain
import Edge
import HotStore
import RedisClient
import Synchronization
import TestKit

/// A scripted upstream, an edge whose route `/v1/**` honours `Idempotency-Key`, and an org with a key: the stage of the
/// IK tests. All of it real, on sockets and a Redis.
struct KeyedScene {
    let upstream: ScriptedUpstream
    let edge: TestEdge
    let tenant: Tenant

    /// - Parameters:
    ///   - answer: by how many requests came before this one, what the upstream does.
    ///   - policy: changes to the route's policy.
    ///   - configuration: further changes, after the policy is in place.
    static func with(
        _ answer: @escaping @Sendable (_ number: Int, ScriptedUpstream.Seen) -> ScriptedUpstream.Answer = {
            .ok("answer \($0) to \($1.body)")
        },
        realm: Realm? = nil, dependencies: (inout EdgeServer.Dependencies) -> Void = { _ in },
        policy change: (inout IdempotencyPolicy) -> Void = { _ in },
        configuration adjust: (inout Configuration) -> Void = { _ in },
        _ body: (KeyedScene) async throws -> Void
    ) async throws {
        let number = Counter()
        try await ScriptedUpstream.with({ answer(number.next(), $0) }) { upstream in
            let edge = try await TestEdge(
                upstreamPort: upstream.port, realm: realm, dependencies: dependencies,
                configuration: { Self.configure(&$0, change, adjust) })
            do {
                try await body(KeyedScene(upstream: upstream, edge: edge, tenant: edge.realm.issue()))
            } catch {
                await edge.stop()
                throw error
            }
            await edge.stop()
        }
    }

    static func configure(
        _ configuration: inout Configuration, _ change: (inout IdempotencyPolicy) -> Void = { _ in },
        _ adjust: (inout Configuration) -> Void = { _ in }
    ) {
        var policy = IdempotencyPolicy()
        change(&policy)
        configuration.route("v1") { route in
            route.idempotency = policy
            route.meters = [MeterRule(meter: "jobs", quantity: .fixed(1))]
        }
        adjust(&configuration)
    }

    /// A request as text: `POST /v1/jobs` with a key and a small JSON body, unless it is asked otherwise.
    func request(
        _ method: String = "POST", _ target: String = "/v1/jobs", key: String?, body: String = "{}",
        as other: Tenant? = nil, fields: String = "Content-Type: application/json\r\n"
    ) -> String {
        let keyLine = key.map { "Idempotency-Key: \($0)\r\n" } ?? ""
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        return """
            \(method) \(target) HTTP/1.1\r\nHost: a\r\n\((other ?? self.tenant).authorization)\(keyLine)\(fields)\
            \(length)\r\n\(body)
            """
    }

    /// Sends it on a connection of its own.
    func send(
        _ method: String = "POST", _ target: String = "/v1/jobs", key: String?, body: String = "{}",
        as other: Tenant? = nil, fields: String = "Content-Type: application/json\r\n"
    ) throws -> RawResponse? {
        try self.edge.exchange(
            self.request(method, target, key: key, body: body, as: other, fields: fields))
    }

    /// Requests that the upstream has seen.
    var executions: Int { self.upstream.requests.count }

    /// Names of the claims that Redis holds for the org.
    func claims() async throws -> [String] {
        let pattern = "\(self.edge.realm.keyspace.prefix)i:{\(self.tenant.org.orgID)}:*"
        let names = try await self.edge.realm.connection.command("KEYS", .text(pattern))
        return (names.elements ?? []).compactMap(\.text)
    }

    /// Ends the lease of every claim in flight, as time would if nobody prolonged it.
    func expireLeases() async throws {
        for name in try await self.claims() {
            _ = try await self.edge.realm.connection.command("HSET", .text(name), "l", "1")
        }
    }

    /// Sends a request under the key of one in flight whose lease is over. A heartbeat of the edge, which is not dead, may
    /// prolong the lease in between: then it is ended again.
    func sendAfterLease(key: String) async throws -> RawResponse? {
        var response: RawResponse?
        try await eventually("an answer after the lease") {
            try await self.expireLeases()
            response = try self.send(key: key)
            return response?.code != "idempotency-in-progress"
        }
        return response
    }

    /// Waits until this many clients are connected.
    func expectConnections(_ count: Int) async throws {
        try await eventually("\(count) open connections") { await self.edge.count("connections_open") == count }
    }

    /// Waits until the upstream has seen this many requests.
    func expectExecutions(_ count: Int) async throws {
        try await eventually("\(count) requests upstream") { self.executions == count }
    }
}

/// Counts from 1, from any thread.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    func next() -> Int { self.value.add(1, ordering: .relaxed).newValue }
}

extension RawResponse {
    var isReplay: Bool { self["idempotent-replayed"] == "true" }
}
