import PostgresClient
import TestKit
import Testing

@Suite struct `Transactions` {
    struct Refusal: Error, Equatable {}

    @Test func `a thrown error rolls everything back and arrives unchanged`() async throws {
        let pool = try await freshPool()
        try await pool.query("CREATE TABLE t (a int)")
        await #expect(throws: Refusal()) {
            try await pool.withTransaction { session in
                try await session.query("INSERT INTO t VALUES (1)")
                throw Refusal()
            }
        }
        #expect(try await pool.query("SELECT a FROM t").isEmpty)
        let value = try await pool.withTransaction { session in
            try await session.query("INSERT INTO t VALUES (2)")
            return "kept"
        }
        #expect(value == "kept")
        #expect(try await pool.query("SELECT a FROM t").count == 1)
    }

    @Test func `a swallowed statement error does not pass as a commit`() async throws {
        let pool = try await freshPool()
        try await pool.query("CREATE TABLE t (a int)")
        let error = await postgresError {
            try await pool.withTransaction { session in
                try await session.query("INSERT INTO t VALUES (1)")
                _ = try? await session.query("SELECT 1 / 0")
            }
        }
        #expect(error?.message.contains("nothing of it was kept") == true)
        #expect(try await pool.query("SELECT a FROM t").isEmpty)
    }

    @Test func `serialization failures run the body again until it fits`() async throws {
        let pool = try await freshPool(connectionsMax: 6)
        try await pool.query("CREATE TABLE account (id int PRIMARY KEY, balance bigint)")
        try await pool.query("INSERT INTO account VALUES (1, 0)")
        let runs = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<24 {
                group.addTask {
                    try await pool.withTransaction(isolation: .serializable, attemptsMax: 200) { session in
                        runs.increment()
                        let balance: Int = try await session.query("SELECT balance FROM account WHERE id = 1")
                            .only()["balance"]
                        try await session.query("UPDATE account SET balance = \(balance + 1) WHERE id = 1")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await pool.query("SELECT balance FROM account").only()["balance"] == 24)
        #expect(runs.value >= 24)
    }

    @Test func `a conflict is given up after the allowed attempts`() async throws {
        let pool = try await freshPool(connectionsMax: 2)
        try await pool.query("CREATE TABLE t (a int)")
        try await pool.query("INSERT INTO t VALUES (0)")
        let runs = Count()
        let error = await postgresError {
            try await pool.withTransaction(isolation: .repeatableRead, attemptsMax: 3) { session in
                runs.increment()
                try await session.query("SELECT a FROM t")
                try await pool.query("UPDATE t SET a = a + 1")
                try await session.query("UPDATE t SET a = a + 1")
            }
        }
        #expect(error?.source == .serialization)
        #expect(error?.sqlState == "40001")
        #expect(runs.value == 3)
    }

    @Test func `a deadlock is resolved by running one side again`() async throws {
        let pool = try await freshPool(connectionsMax: 2)
        try await pool.query("CREATE TABLE t (id int PRIMARY KEY, n int)")
        try await pool.query("INSERT INTO t VALUES (1, 0), (2, 0)")
        let held = Count()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (first, second) in [(1, 2), (2, 1)] {
                group.addTask {
                    let runs = Count()
                    try await pool.withTransaction { session in
                        try await session.query("UPDATE t SET n = n + 1 WHERE id = \(first)")
                        if runs.increment() == 1 {
                            held.increment()
                            #expect(try await becomesTrue { held.value == 2 })
                        }
                        try await session.query("UPDATE t SET n = n + 1 WHERE id = \(second)")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await pool.query("SELECT id FROM t WHERE n = 2").count == 2)
    }
}
