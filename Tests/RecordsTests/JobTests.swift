import PostgresClient
import Records
import TestKit
import Testing

@Suite struct `Job records` {
    @Test(arguments: [
        ("status = 'running'", "jobs_lease"),
        ("lease_until = now(), lease_owner = 'w'", "jobs_lease"),
        ("status = 'running', lease_until = now()", "jobs_lease"),
        ("status = 'succeeded'", "jobs_finished"),
        ("finished_at = now()", "jobs_finished"),
        ("status = 'done'", "jobs_status_check"),
        ("attempts = -1", "jobs_attempts_check"),
    ])
    func `a job is never half leased or half finished`(change: String, rule: String) async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        try await pool.query(
            "INSERT INTO jobs (id, org_id, environment, type) VALUES ('job_1', \(org.id), 'live', 'x')")
        #expect(
            await constraint { try await pool.query(PostgresQuery(unsafeSQL: "UPDATE jobs SET \(change)")) } == rule)
    }
}
