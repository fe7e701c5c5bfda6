import Domain
import Edge
import HotStore
import Logging
import RedisClient
import TestKit

/// An edge on a free port, with an open route (`/open/**`, no key) and one that asks for a key (`/v1/**`).
final class TestEdge: Sendable {
    let server: EdgeServer
    let port: Int
    let realm: Realm

    /// - Parameters:
    ///   - realm: shared with other edges; nil takes a fresh one.
    ///   - dependencies: last changes to what the edge takes from its surroundings.
    init(
        upstreamPort: Int, realm: Realm? = nil, threads: Int = 1,
        dependencies change: (inout EdgeServer.Dependencies) -> Void = { _ in },
        configuration adjust: (inout Configuration) -> Void = { _ in }
    ) async throws {
        if let realm { self.realm = realm } else { self.realm = try await Realm() }
        var configuration = Self.configuration(upstreamPort: upstreamPort, threads: threads)
        configuration.redis.keyPrefix = self.realm.keyspace.prefix
        adjust(&configuration)
        var dependencies = EdgeServer.Dependencies(
            redis: self.realm.configuration, logger: Logger(label: "edge"))
        change(&dependencies)
        self.server = try await EdgeServer(configuration: configuration, dependencies: dependencies)
        self.port = try await self.server.start(ListenAddress(host: "127.0.0.1", port: 0))
        guard await self.server.redisReady(withinMs: 60_000) else {
            throw ConditionNotMet(description: "the edge did not reach Redis")
        }
    }

    /// What every test starts from.
    static func configuration(upstreamPort: Int, threads: Int = 1) -> Configuration {
        var configuration = Configuration()
        configuration.edge.threads = threads
        configuration.upstreams = [
            Upstream(name: "up", endpoints: [ListenAddress(host: "127.0.0.1", port: upstreamPort)])
        ]
        configuration.plans = [Plan(code: "FREE", name: "Free"), Plan(code: "PRO", name: "Pro")]
        var open = Route(id: "open", path: "/open/**", upstream: "up")
        open.authentication = .none
        configuration.routes = [open, Route(id: "v1", path: "/v1/**", upstream: "up")]
        return configuration
    }

    func client() throws -> RawClient { try RawClient(port: self.port) }

    /// One request on a connection of its own.
    func exchange(_ request: String, head: Bool = false) throws -> RawResponse? {
        try self.client().exchange(request, head: head)
    }

    /// `GET` with the tenant's key, on a connection of its own.
    func get(_ target: String, as tenant: Tenant, fields: String = "") throws -> RawResponse? {
        try self.exchange("GET \(target) HTTP/1.1\r\nHost: a\r\n\(tenant.authorization)\(fields)\r\n")
    }

    /// `POST` of a body with the tenant's key, on a connection of its own.
    func post(_ target: String, as tenant: Tenant, fields: String = "", body: String = "{}") throws -> RawResponse? {
        try self.exchange(RawRequest.post(target, as: tenant, fields: fields, body: body))
    }

    /// The sum of a counter's samples.
    func count(_ name: String) async -> Int { Self.sum(name, await self.server.metrics()) }

    /// Commands sent to Redis on behalf of requests: all but the loops' own look at the system's record.
    func requestCommands() async -> Int {
        let metrics = await self.server.metrics()
        return Self.sum("redis_commands_total", metrics) - Self.sum("system_reads_total", metrics)
    }

    private static func sum(_ name: String, _ metrics: [MetricFamily]) -> Int {
        let family = metrics.first { $0.name == "tollgate_\(name)" }
        return family?.samples.reduce(0) { sum, sample in
            if case .number(let value) = sample.value { sum + Int(value) } else { sum }
        } ?? 0
    }

    /// A sample of a metric by route and limit.
    func value(_ name: String, route: String, limit: String) async -> Double? {
        let family = await self.server.metrics().first { $0.name == "tollgate_\(name)" }
        let sample = family?.samples.first {
            $0.labels == [.init("http_route", route), .init("limit", limit)]
        }
        guard case .number(let value)? = sample?.value else { return nil }
        return value
    }

    /// Requests that wait for an upstream connection.
    func waiters() async -> Int { await self.count("upstream_waiters") }

    func stop() async { await self.server.shutdown(drainMs: 0) }

    /// An edge for the length of `body`.
    static func with(
        upstreamPort: Int, realm: Realm? = nil, threads: Int = 1,
        configuration adjust: (inout Configuration) -> Void = { _ in }, _ body: (TestEdge) async throws -> Void
    ) async throws {
        let edge = try await TestEdge(upstreamPort: upstreamPort, realm: realm, threads: threads, configuration: adjust)
        do {
            try await body(edge)
        } catch {
            await edge.stop()
            throw error
        }
        await edge.stop()
    }
}

extension Configuration {
    /// Changes a route in place.
    mutating func route(_ id: String, _ change: (inout Route) -> Void) {
        for index in self.routes.indices where self.routes[index].id == id { change(&self.routes[index]) }
    }
}

/// Requests as text.
enum RawRequest {
    static func post(_ target: String, as tenant: Tenant, fields: String = "", body: String = "{}") -> String {
        """
        POST \(target) HTTP/1.1\r\nHost: a\r\n\(tenant.authorization)Content-Length: \(body.utf8.count)\r\n\(fields)\r\n\
        \(body)
        """
    }

    static func get(_ target: String, as tenant: Tenant, fields: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: a\r\n\(tenant.authorization)\(fields)\r\n"
    }
}
