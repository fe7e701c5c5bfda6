import Control
import Domain
import Edge
import Logging
import ServiceLifecycle
import Workers

/// The edge as a service. The only place that knows how the edge is wired to the rest.
struct EdgePlane: Service {
    private let server: EdgeServer
    private let listen: ListenAddress
    private let drainTimeoutMs: Int
    private let onBound: @Sendable (Int) -> Void

    /// Makes the edge without accepting anything yet.
    static func make(
        _ configuration: Configuration, stores: Stores, workers: WorkerPlane, logger: Logger,
        onBound: @escaping @Sendable (Int) -> Void
    ) async throws -> EdgePlane {
        var dependencies = EdgeServer.Dependencies(redis: stores.redisConfiguration, logger: logger)
        let resolver = workers.resolver
        dependencies.keyFallback = KeyFallback { digest, key, answer in
            resolver.resolve(digest, key: key) { outcome in answer(KeyFallback.Outcome(outcome)) }
        }
        let durable = workers.durableKeys
        dependencies.durableKeys = DurableKeys(
            claim: { claim, withinMs, answer in durable.claim(claim, withinMs: withinMs, answer: answer) },
            settle: { durable.settle($0) })
        let lastUsed = workers.lastUsed
        dependencies.lastUsed = { uses in
            for use in uses { lastUsed.note(use.keyID, atMs: use.atMs) }
        }
        let sync = workers.sync
        dependencies.redisChanged = { before, _ in
            // The first connection is what the sync itself waits for.
            if before != nil { sync.request() }
        }
        dependencies.accessLogDescriptor = 1
        dependencies.journal = workers.journal?.current
        let server = try await EdgeServer(configuration: configuration, dependencies: dependencies)
        workers.recovery.attach { await server.use($0) }
        return EdgePlane(
            server: server,
            listen: configuration.edge.listen, drainTimeoutMs: configuration.edge.drainTimeoutMs, onBound: onBound)
    }

    /// Accepts until shutdown begins, then drains.
    func run() async throws {
        // Requests before Redis is reached would be decided without it; a second is enough when it is there at all.
        _ = await self.server.redisReady(withinMs: 1_000)
        do {
            self.onBound(try await self.server.start(self.listen))
        } catch {
            await self.server.shutdown(drainMs: 0)
            throw error
        }
        try? await gracefulShutdown()
        await self.server.shutdown(drainMs: self.drainTimeoutMs)
    }

    func metrics() async -> [MetricFamily] { await self.server.metrics() }

    func reload(_ configuration: Configuration) async { await self.server.reload(configuration) }

    /// Whether this edge should get traffic.
    func check() async -> HealthCheck {
        let state = await self.server.readiness()
        if state.draining {
            return HealthCheck(
                name: "edge", state: .failing, detail: "is stopping", remedy: "Send traffic to another gateway.")
        }
        guard state.loopsWithRedis == state.loops else {
            return HealthCheck(
                name: "edge", state: .degraded,
                detail:
                    "\(state.loopsWithRedis) of \(state.loops) loops reach Redis: \(state.redisFailure ?? "connecting")",
                remedy:
                    "Start Redis, or correct redis.url; meanwhile limits are kept from memory where routes allow it.")
        }
        return HealthCheck(name: "edge", state: .ok, detail: "\(state.loops) loops serve and reach Redis")
    }
}

extension KeyFallback.Outcome {
    fileprivate init(_ outcome: KeyFallbackResolver.Outcome) {
        switch outcome {
        case .published: self = .published
        case .unknown: self = .unknown
        case .refused: self = .refused
        case .unavailable: self = .unavailable
        }
    }
}
