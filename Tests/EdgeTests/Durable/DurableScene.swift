import Domain
import Edge
import HotStore
import Journal
import Logging
import PostgresClient
import Records
import RedisClient
import TestKit

@testable import Workers

extension DurableKeys {
    init(_ store: DurableKeyStore) {
        self.init(claim: { store.claim($0, withinMs: $1, answer: $2) }, settle: { store.settle($0) })
    }
}

/// A `KeyedScene` whose route is durable, with a PostgreSQL and the worker that speaks to it. Its Redis is its own, so
/// that it can be lost.
struct DurableScene {
    let scene: KeyedScene
    let pool: PostgresPool
    let redis: TestRedis
    let store: DurableKeyStore
    /// Where the store writes down what became of keys.
    let folder: TestFolder

    static func with(
        _ answer: @escaping @Sendable (_ number: Int, ScriptedUpstream.Seen) -> ScriptedUpstream.Answer = {
            .ok("answer \($0) to \($1.body)")
        },
        postgres server: TestPostgres? = nil, policy change: (inout IdempotencyPolicy) -> Void = { _ in },
        _ body: (DurableScene) async throws -> Void
    ) async throws {
        let pool = try await Self.records(on: server)
        let redis = try await TestRedis.start()
        let logger = Logger(label: "durable", factory: { _ in SwiftLogNoOpLogHandler() })
        let folder = try TestFolder(prefix: "tollgate-durable")
        defer { folder.remove() }
        let store = DurableKeyStore(
            pool: pool, folder: JournalFolder(folder.path), deployment: "d", counters: WorkerCounters(), logger: logger)
        let thread = ThreadOfItsOwn()
        let running = Task(executorPreference: thread) { try await store.run() }
        let realm = try await Realm(redis: redis)
        do {
            try await KeyedScene.with(
                answer, realm: realm,
                dependencies: {
                    $0.durableKeys = DurableKeys(store)
                },
                policy: {
                    $0.durable = true
                    // The patience that a busy test machine needs.
                    $0.durableDeadlineMs = 60_000
                    change(&$0)
                }
            ) { try await body(DurableScene(scene: $0, pool: pool, redis: redis, store: store, folder: folder)) }
        } catch {
            running.cancel()
            _ = try? await running.value
            await thread.stop()
            await pool.close()
            throw error
        }
        running.cancel()
        _ = try? await running.value
        await thread.stop()
        await pool.close()
    }

    private static func records(on server: TestPostgres?) async throws -> PostgresPool {
        let database = try await (server ?? TestPostgres.shared()).createDatabase()
        var configuration = try database.configuration
        configuration.connectionsMax = 3
        configuration.statementTimeout = .seconds(20)
        let pool = PostgresPool(configuration)
        try await RecordsSchema.migrator().run(on: pool)
        return pool
    }

    /// Redis loses everything, as after a crash without a file; then the records of keys are there again.
    func loseRedis() async throws {
        try await self.redis.restart()
        try await eventually("Redis's return") {
            do {
                try await self.scene.edge.realm.publish(self.scene.tenant)
                return await self.scene.edge.server.redisReady(withinMs: 1)
            } catch {
                return false
            }
        }
    }

    /// Waits until PostgreSQL has so many keys in each state.
    func expectStates(_ expected: [String: Int]) async throws {
        var seen: [String: Int] = [:]
        do {
            try await eventually("the states") {
                seen = [:]
                for row in try await self.pool.query("SELECT state, count(*) AS n FROM idempotency_keys GROUP BY 1") {
                    seen[try row["state"]] = try row["n"]
                }
                return seen == expected
            }
        } catch {
            throw ConditionNotMet(description: "states are \(seen), expected \(expected)")
        }
    }

    /// Answers a request until the answer is not for the moment only: an edge that lost its Redis says 503 for a while.
    func settledAnswer(key: String) async throws -> RawResponse? {
        var answer: RawResponse?
        try await eventually("an answer") {
            answer = try self.scene.send(key: key)
            return answer.map { $0.status != 503 } ?? false
        }
        return answer
    }
}
