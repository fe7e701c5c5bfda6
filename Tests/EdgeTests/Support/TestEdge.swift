import Domain
import Edge
import Logging
import RedisClient
import TestKit

/// An edge of one loop on a free port, in front of one upstream.
final class TestEdge: Sendable {
    let server: EdgeServer
    let port: Int

    init(upstreamPort: Int, threads: Int = 1, change: (inout Configuration) -> Void = { _ in }) async throws {
        var configuration = Configuration()
        configuration.edge.threads = threads
        configuration.upstreams = [Upstream(name: "up", endpoints: [ListenAddress(host: "127.0.0.1", port: upstreamPort)])]
        var open = Route(id: "open", path: "/open/**", upstream: "up")
        open.authentication = .none
        configuration.routes = [open]
        change(&configuration)
        let redis = try await TestRedis.shared()
        let dependencies = EdgeServer.Dependencies(redis: redis.configuration(), logger: Logger(label: "edge"))
        self.server = try await EdgeServer(configuration: configuration, dependencies: dependencies)
        self.port = try await self.server.start(ListenAddress(host: "127.0.0.1", port: 0))
    }

    func stop() async { await self.server.shutdown(drainMs: 1_000) }
}
