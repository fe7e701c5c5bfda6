import PostgresClient
import Synchronization
import TestKit
import Testing

@Suite struct `Pool` {
    @Test func `no more connections than allowed, and every caller is served`() async throws {
        let pool = try await freshPool(connectionsMax: 3)
        let backends = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<60 {
                group.addTask {
                    try await pool.query("SELECT pg_backend_pid() AS pid, pg_sleep(0.002)").only()["pid", as: Int.self]
                }
            }
            return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(backends.count <= 3)
        #expect(backends.values.reduce(0, +) == 60)
    }

    @Test func `waiting callers are served first come, first served`() async throws {
        let pool = try await freshPool(connectionsMax: 1)
        final class Order: Sendable { let served = Mutex<[Int]>([]) }
        let order = Order()
        try await withThrowingTaskGroup(of: Void.self) { group in
            try await pool.withSession { session async throws in
                for number in 0..<20 {
                    group.addTask {
                        try await pool.withSession { _ in order.served.withLock { $0.append(number) } }
                    }
                    #expect(try await becomesTrue { pool.waiterCount == number + 1 })
                }
            }
            try await group.waitForAll()
        }
        #expect(order.served.withLock { $0 } == Array(0..<20))
    }

    @Test func `the queue has an end, a time limit, and an exit for cancelled callers`() async throws {
        let pool = try await freshPool(connectionsMax: 1) {
            $0.waitersMax = 1
            $0.acquireTimeout = .seconds(60)
        }
        let impatient = try await freshPool(connectionsMax: 1) { $0.acquireTimeout = .milliseconds(20) }
        try await pool.withSession { _ async throws in
            let waiting = Task { await postgresError { try await pool.query("SELECT 1") } }
            #expect(try await becomesTrue { pool.waiterCount == 1 })
            let refused = await postgresError { try await pool.query("SELECT 1") }
            #expect(refused?.source == .busy)
            waiting.cancel()
            #expect(await waiting.value?.source == .cancelled)
            #expect(pool.waiterCount == 0)
        }
        try await impatient.withSession { _ async throws in
            let late = await postgresError { try await impatient.query("SELECT 1") }
            #expect(late?.source == .busy)
        }
        #expect(try await pool.query("SELECT 1").count == 1)
        #expect(try await impatient.query("SELECT 1").count == 1)
    }

    @Test func `no connection is lost when callers give up while being served`() async throws {
        let pool = try await freshPool(connectionsMax: 2)
        for round in 0..<40 {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<6 { group.addTask { _ = try? await pool.query("SELECT pg_sleep(0.001)") } }
                if round % 2 == 0 { await Task.yield() }
                group.cancelAll()
            }
        }
        // Both connections can still be had at the same time.
        try await pool.withSession { first async throws in
            try await pool.withSession { second async throws in
                #expect(try await first.backendPID != second.backendPID)
            }
        }
        #expect(pool.waiterCount == 0)
    }

    @Test func `a closed pool refuses callers, those in the queue too`() async throws {
        let pool = try await freshPool(connectionsMax: 1)
        try await pool.withSession { session async throws in
            let waiting = Task { await postgresError { try await pool.query("SELECT 1") } }
            #expect(try await becomesTrue { pool.waiterCount == 1 })
            await pool.close()
            #expect(await waiting.value?.source == .closed)
            #expect(try await session.query("SELECT 1").count == 1)
        }
        #expect(await postgresError { try await pool.query("SELECT 1") }?.source == .closed)
    }

    @Test func `a session used after its closure is told off`() async throws {
        let pool = try await freshPool(connectionsMax: 1)
        let stolen = try await pool.withSession { $0 }
        #expect(await postgresError { try await stolen.query("SELECT 1") }?.source == .misuse)
        let also = await pool.withSessionIgnoringErrors { _ in
            await postgresError { try await stolen.query("SELECT 1") }
        }
        #expect(also??.source == .misuse)
    }

    @Test func `a transaction left open is rolled back before the next caller has the connection`() async throws {
        let pool = try await freshPool(connectionsMax: 1)
        try await pool.query("CREATE TABLE t (a int)")
        try await pool.withSession { session async throws in
            try await session.query("BEGIN")
            try await session.query("INSERT INTO t VALUES (1)")
        }
        #expect(try await pool.query("SELECT a FROM t").isEmpty)
    }

    @Test func `a discarded session's connection is not used again`() async throws {
        let pool = try await freshPool(connectionsMax: 1)
        let first = try await pool.withSession { session async throws in
            await session.discard()
            return try await session.backendPID
        }
        #expect(try await pool.withSession { try await $0.backendPID } == first)
    }

    @Test func `sessions run in UTC under their name, with the asked time limit`() async throws {
        let pool = try await freshPool {
            $0.applicationName = "me"; $0.statementTimeout = .milliseconds(1500)
        }
        let row = try await pool.query(
            """
            SELECT current_setting('TimeZone') AS zone, current_setting('application_name') AS name,
                   current_setting('statement_timeout') AS timeout
            """
        ).only()
        #expect(try row["zone"] == "UTC")
        #expect(try row["name"] == "me")
        #expect(try row["timeout"] == "1500ms")
    }
}

extension PostgresPool {
    fileprivate func withSessionIgnoringErrors<Value>(_ body: (PostgresSession) async throws -> Value) async -> Value? {
        try? await self.withSession(body)
    }
}
