import PostgresClient
import TestKit
import Testing

@Suite struct `Cancellation and time limits` {
    private func running(_ pool: PostgresPool, _ marker: String) async throws -> Bool {
        try await pool.query(
            "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE \("%" + marker + "%")"
        ).count > 0
    }

    @Test func `a cancelled task ends its statement on the server and keeps the connection`() async throws {
        let watcher = try await freshPool()
        let pool = try await freshPool(connectionsMax: 1)
        let before = try await pool.withSession { try await $0.backendPID }
        let sleeper = Task { await postgresError { try await pool.query("SELECT pg_sleep(600) /* marker_a */") } }
        #expect(try await becomesTrue { try await running(watcher, "marker_a") })
        sleeper.cancel()
        #expect(await sleeper.value?.source == .cancelled)
        #expect(try await running(watcher, "marker_a") == false)
        // The cancel hits no later statement, on the same connection.
        for _ in 0..<20 { try await pool.query("SELECT pg_sleep(0.001)") }
        #expect(try await pool.withSession { try await $0.backendPID } == before)
    }

    @Test func `a cancelled task stops before it sends anything`() async throws {
        let pool = try await freshPool()
        try await pool.query("CREATE TABLE t (a int)")
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return await postgresError { try await pool.query("INSERT INTO t VALUES (1)") }
        }
        task.cancel()
        #expect(await task.value?.source == .cancelled)
        #expect(try await pool.query("SELECT a FROM t").isEmpty)
    }

    @Test func `a cancelled transaction is rolled back`() async throws {
        let pool = try await freshPool()
        try await pool.query("CREATE TABLE t (a int)")
        let task = Task {
            await postgresError {
                try await pool.withTransaction { session in
                    try await session.query("INSERT INTO t VALUES (1)")
                    try await session.query("SELECT pg_sleep(600) /* marker_b */")
                }
            }
        }
        #expect(try await becomesTrue { try await running(pool, "marker_b") })
        task.cancel()
        #expect(await task.value?.source == .cancelled)
        #expect(try await pool.query("SELECT a FROM t").isEmpty)
    }

    @Test func `cancelling at any moment never hits another statement`() async throws {
        let pool = try await freshPool(connectionsMax: 1)
        for round in 0..<60 {
            let victim = Task { _ = try? await pool.query("SELECT pg_sleep(0.003)") }
            try await Task.sleep(for: .microseconds(round * 100))
            victim.cancel()
            #expect(try await pool.query("SELECT \(round) AS n").only()["n"] == round)
            await victim.value
        }
    }

    @Test func `the server ends a statement at the time limit`() async throws {
        let pool = try await freshPool { $0.statementTimeout = .milliseconds(50) }
        let error = await postgresError { try await pool.query("SELECT pg_sleep(600)") }
        #expect(error?.source == .timeout)
        #expect(error?.sqlState == "57014")
        #expect(try await becomesTrue { (try? await pool.query("SELECT 1"))?.count == 1 })
    }

    @Test func `the client ends a statement whose own limit is shorter`() async throws {
        let pool = try await freshPool()
        let error = await postgresError {
            try await pool.withSession { try await $0.query("SELECT pg_sleep(600)", timeout: .milliseconds(30)) }
        }
        #expect(error?.source == .timeout)
    }

    @Test func `a frozen server holds nobody beyond limit and grace`() async throws {
        let server = try TestPostgres.start()
        let database = try await server.createDatabase()
        var configuration = try database.configuration
        configuration.connectionsMax = 2
        configuration.statementTimeout = .milliseconds(200)
        configuration.cancelGrace = .milliseconds(100)
        configuration.connectTimeout = .milliseconds(200)
        let pool = PostgresPool(configuration)
        #expect(try await becomesTrue { (try? await pool.query("SELECT 1")) != nil })
        server.pause()
        let frozen = await postgresError { try await pool.query("SELECT 1") }
        #expect(frozen?.source == .timeout)
        let connecting = await postgresError { try await pool.query("SELECT 1") }
        #expect(connecting?.source == .unreachable || connecting?.source == .timeout)
        server.resume()
        #expect(try await becomesTrue { (try? await pool.query("SELECT 1")) != nil })
    }
}
