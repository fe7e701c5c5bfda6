import PostgresClient
import TestKit
import Testing

@testable import Records

@Suite struct `Audit log` {
    private func entry(_ number: Int, org: String? = "org_1") -> NewAuditEntry {
        NewAuditEntry(
            id: "aud_\(number)", orgID: org, actor: "usr_1", action: "api_key.revoke", target: "key_\(number)",
            before: "{\"b\": 1, \"a\": [1.50, null]}", after: nil, ip: "192.0.2.1", requestID: "req_\(number)")
    }

    /// Does what only someone who may switch triggers off can do.
    private func tampered(_ change: PostgresQuery) async throws -> [AuditProblem] {
        let pool = try await freshRecords()
        for number in 1...5 { try await AuditLog(pool).append(entry(number)) }
        #expect(try await AuditLog(pool).check().isEmpty)
        try await pool.withSession { session in
            try await session.query("SET session_replication_role = replica")
            try await session.query(change)
            await session.discard()
        }
        return try await AuditLog(pool).check()
    }

    @Test func `entries are listed as they were written, newest first`() async throws {
        let pool = try await freshRecords()
        for number in 1...3 { try await AuditLog(pool).append(entry(number, org: number == 2 ? nil : "org_1")) }
        let entries = try await AuditLog(pool).list(of: "org_1")
        #expect(entries.map(\.sequence) == [3, 1])
        #expect(entries.first?.entry.target == "key_3")
        #expect(entries.first?.entry.before == "{\"a\": [1.50, null], \"b\": 1}")
        #expect(entries.first?.hash.count == 32)
        #expect(try await AuditLog(pool).list(of: "org_1", before: 3).map(\.sequence) == [1])
        #expect(try await AuditLog(pool).check().isEmpty)
    }

    @Test func `rows are only ever added`() async throws {
        let pool = try await freshRecords()
        try await AuditLog(pool).append(entry(1))
        for statement in ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
            as [PostgresQuery]
        {
            #expect(await constraint { try await pool.query(statement) } == "append_only")
        }
        for statement in ["UPDATE audit_head SET seq = 0", "DELETE FROM audit_head", "TRUNCATE audit_head"]
            as [PostgresQuery]
        {
            #expect(await constraint { try await pool.query(statement) } == "audit_head_follow")
        }
    }

    @Test func `a changed row is found`() async throws {
        let problems = try await tampered("UPDATE audit_log SET actor = 'usr_2' WHERE seq = 3")
        #expect(problems == [AuditProblem(sequence: 3, problem: "the row was changed")])
    }

    @Test func `a row changed together with its hash does not fit the next one`() async throws {
        let problems = try await tampered(
            """
            UPDATE audit_log SET actor = 'usr_2', hash = audit_log_hash(ROW(seq, id, org_id, 'usr_2', action, target, before,
                after, ip, request_id, created_at, previous_hash, hash)::audit_log) WHERE seq = 3
            """)
        #expect(problems == [AuditProblem(sequence: 4, problem: "it does not follow the row before it")])
    }

    @Test func `a removed row is found, at the end too`() async throws {
        #expect(
            try await tampered("DELETE FROM audit_log WHERE seq = 2")
                == [AuditProblem(sequence: 3, problem: "rows before it are missing")])
        #expect(
            try await tampered("DELETE FROM audit_log WHERE seq = 5")
                == [AuditProblem(sequence: 5, problem: "the end of the log was cut off or replaced")])
        #expect(try await tampered("DELETE FROM audit_log").count == 1)
    }

    @Test func `many who write at once make one chain, and what is rolled back leaves no gap`() async throws {
        let pool = try await freshRecords(connectionsMax: 8)
        struct Refusal: Error {}
        await withTaskGroup(of: Void.self) { group in
            for number in 1...60 {
                group.addTask {
                    try? await pool.withTransaction(
                        isolation: number % 2 == 0 ? .readCommitted : .serializable, attemptsMax: 500
                    ) { session in
                        try await AuditLog(session).append(self.entry(number))
                        if number % 5 == 0 { throw Refusal() }
                    }
                }
            }
        }
        #expect(try await pool.number("SELECT count(*) FROM audit_log") == 48)
        #expect(try await pool.number("SELECT max(seq) FROM audit_log") == 48)
        #expect(try await AuditLog(pool).check().isEmpty)
    }
}
