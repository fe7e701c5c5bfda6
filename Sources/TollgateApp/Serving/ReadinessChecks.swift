import Control
import PostgresClient
import Records
import RedisClient
import Workers

/// What `/readyz` looks at. An edge without Redis still serves what its routes allow, and one without PostgreSQL serves
/// every key that Redis knows: these degrade, they do not fail.
struct ReadinessChecks: Sendable {
    let stores: Stores
    let edge: EdgePlane?
    let workers: WorkerPlane
    /// Whether the workers here fill Redis.
    let expectsSync: Bool

    func run() async -> [HealthCheck] {
        async let redis = self.redis()
        async let postgres = self.postgres()
        var checks = [await redis, await postgres]
        if let edge { checks.append(await edge.check()) }
        if self.expectsSync { checks.append(self.sync()) }
        return checks
    }

    private func redis() async -> HealthCheck {
        do {
            _ = try await self.stores.redis.command("PING")
            return HealthCheck(
                name: "redis", state: .ok, detail: "answers at \(self.stores.redisConfiguration.place)")
        } catch {
            return HealthCheck(
                name: "redis", state: .degraded, detail: "\(error)",
                remedy: "Start Redis at \(self.stores.redisConfiguration.place), or correct redis.url.")
        }
    }

    private func postgres() async -> HealthCheck {
        do {
            let pending = try await RecordsSchema.migrator().pending(on: self.stores.pool)
            guard pending.isEmpty else {
                return HealthCheck(
                    name: "postgres", state: .failing, detail: "\(pending.count) migrations are not applied",
                    remedy: "Run: tollgate migrate")
            }
            return HealthCheck(name: "postgres", state: .ok, detail: "answers, the schema is up to date")
        } catch {
            return HealthCheck(
                name: "postgres", state: .degraded, detail: Redaction.masked("\(error)"),
                remedy: "Start PostgreSQL, or correct postgres.url; known keys go on working meanwhile.")
        }
    }

    private func sync() -> HealthCheck {
        self.workers.sync.isFinishedOnce
            ? HealthCheck(name: "records", state: .ok, detail: "Redis holds the records")
            : HealthCheck(
                name: "records", state: .degraded, detail: "Redis is being filled from PostgreSQL",
                remedy: "Wait, or see the other checks.")
    }
}
