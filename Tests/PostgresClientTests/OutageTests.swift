import PostgresClient
import TestKit
import Testing

@Suite struct `Outages` {
    @Test func `an unreachable server is told with where it was looked for and how to start it`() async throws {
        let pool = PostgresPool(try PostgresConfiguration("postgresql:///nowhere?host=/tmp/no-such-folder&user=me"))
        let error = try #require(await postgresError { try await pool.query("SELECT 1") })
        #expect(error.source == .unreachable)
        #expect(error.message.contains("/tmp/no-such-folder port 5432"))
        #expect(error.hint?.contains("start it") == true)
        #expect(error.isRetryable)
    }

    @Test func `a refused user or database is not told as unreachable`() async throws {
        let database = try await TestPostgres.shared().createDatabase()
        let folder = try TestPostgres.shared().folder
        for url in [
            "postgresql:///\(database.name)?host=\(folder)&user=nobody_here",
            "postgresql:///nothing?host=\(folder)&user=postgres",
        ] {
            let error = await postgresError { try await PostgresPool(PostgresConfiguration(url)).query("SELECT 1") }
            #expect(error?.source == .authentication, "\(url): \(String(describing: error))")
        }
    }

    @Test func `an address that cannot be read is refused at once`() throws {
        let error = #expect(throws: PostgresError.self) {
            try PostgresConfiguration("postgresql://host:port:port/x?bad")
        }
        #expect(error?.source == .configuration)
        let secret = try PostgresConfiguration("postgresql://me:hunter2@db.example:6432/x")
        #expect(!"\(secret)".contains("hunter2"))
        #expect("\(secret)".contains("port=6432"))
        let parts = PostgresConfiguration(host: "h", user: "u", password: "hunter2", database: "d").with(database: "e")
        #expect("\(parts)" == "host=h port=5432 user=u dbname=e")
    }

    @Test(arguments: [false, true])
    func `a restarted server is used again without anyone doing anything`(crash: Bool) async throws {
        let server = try TestPostgres.start()
        let pool = try await server.createDatabase().pool(connectionsMax: 3)
        try await pool.query("CREATE TABLE t (a int)")
        try await pool.query("INSERT INTO t VALUES (1)")
        if crash { server.kill() } else { server.stop() }
        let away = await postgresError { try await pool.query("SELECT a FROM t") }
        #expect(away?.source == .unreachable, "\(String(describing: away))")
        try server.restart()
        // The first statement already: idle connections are looked at before they are lent out.
        #expect(try await pool.query("SELECT a FROM t").count == 1)
    }

    @Test func `idle connections cut off by the server are replaced before use`() async throws {
        let watcher = try await freshPool()
        let pool = try await freshPool(connectionsMax: 2)
        for _ in 0..<10 {
            let pid = try await pool.withSession { try await $0.backendPID }
            try await watcher.query("SELECT pg_terminate_backend(\(pid)::int, 10000)")
            #expect(try await pool.query("SELECT 1").count == 1)
        }
    }

    @Test func `a statement under way when the server dies fails as connection lost`() async throws {
        let server = try TestPostgres.start()
        let pool = try await server.createDatabase().pool(connectionsMax: 2)
        let task = Task { await postgresError { try await pool.query("SELECT pg_sleep(600) /* victim */") } }
        #expect(
            try await becomesTrue {
                try await pool.query(
                    "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%victim *%' AND wait_event = 'PgSleep'"
                )
                .count == 1
            })
        server.stop()
        let error = await task.value
        #expect(error?.source == .connectionLost, "\(String(describing: error))")
    }

    @Test func `a transaction never goes on over a second connection`() async throws {
        let watcher = try await freshPool()
        let pool = try await freshPool(connectionsMax: 1)
        try await pool.query("CREATE TABLE t (a int)")
        let error = await postgresError {
            try await pool.withTransaction { session in
                try await session.query("INSERT INTO t VALUES (1)")
                let pid = try await session.backendPID
                try await watcher.query("SELECT pg_terminate_backend(\(pid)::int, 10000)")
                _ = try? await session.query("SELECT 1")
                try await session.query("INSERT INTO t VALUES (2)")
            }
        }
        #expect(error?.source == .connectionLost)
        #expect(try await pool.query("SELECT a FROM t").isEmpty)
    }
}
