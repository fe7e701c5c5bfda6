import PostgresClient

/// What the HTTP side asks of the queue. Every statement names the tenant, so nothing of others is ever seen.
extension JobStore {
    /// Puts a job into the queue. Safe to repeat with the same id.
    func insert(_ submission: JobSubmission, id: JobID, tenant: Tenant, apiKeyID: String?) async throws -> Job {
        let runAt = submission.runAt.map(PostgresInstant.init(unixMicroseconds:))
        let result = try await self.pool.query(
            """
            WITH changed AS (
                INSERT INTO jobs (id, org_id, environment, api_key_id, type, status, input, max_attempts, run_at)
                VALUES (\(id.text), \(tenant.orgID), \(tenant.environment), \(apiKeyID as String?), \(submission.type.rawValue),
                    'queued', \(try submission.rawInput.encoded()), \(submission.maxAttempts),
                    coalesce(\(runAt as PostgresInstant?), now()))
                ON CONFLICT (id) DO NOTHING
                RETURNING *)
            \(Self.telling(.queued))
            """)
        if let row = result.first { return try Self.job(row) }
        // An earlier try got through and only its answer was lost.
        guard let job = try await self.find(id, tenant: tenant) else {
            throw PostgresError(.constraint, "the job id \(id) is taken")
        }
        return job
    }

    /// The tenant's job of that id.
    func find(_ id: JobID, tenant: Tenant) async throws -> Job? {
        let result = try await self.pool.query(
            """
            SELECT \(Self.columns) FROM jobs
            WHERE id = \(id.text) AND org_id = \(tenant.orgID) AND environment = \(tenant.environment)
            """)
        return try result.first.map(Self.job)
    }

    /// The tenant's jobs, newest first, after `cursor`.
    func list(tenant: Tenant, status: JobStatus?, after cursor: JobID?, limit: Int) async throws -> [Job] {
        var query: PostgresQuery = """
            SELECT \(Self.columns) FROM jobs WHERE org_id = \(tenant.orgID) AND environment = \(tenant.environment)
            """
        if let status { query = query + " AND status = \(status)" }
        if let cursor { query = query + " AND id < \(cursor.text)" }
        let result = try await self.pool.query(query + " ORDER BY id DESC LIMIT \(limit)")
        return try result.map(Self.job)
    }

    /// Cancels a queued job, or asks whoever runs it to stop.
    /// - Returns: the job as it is then; nil if it was in neither of these states (or is not the tenant's).
    func cancel(_ id: JobID, tenant: Tenant) async throws -> Job? {
        let result = try await self.pool.query(
            """
            WITH changed AS (
                UPDATE jobs SET
                    status = CASE status WHEN 'queued' THEN 'cancelled' ELSE status END,
                    finished_at = CASE status WHEN 'queued' THEN now() END,
                    usage = CASE status WHEN 'queued' THEN \(Self.noUsage)::jsonb END,
                    cancel_requested = true,
                    progress = \(Self.nextProgress)
                WHERE id = \(id.text) AND org_id = \(tenant.orgID) AND environment = \(tenant.environment)
                    AND status IN ('queued', 'running')
                RETURNING *)
            \(Self.telling(.cancel))
            """)
        return try result.first.map(Self.job)
    }

    /// Whether the database answers.
    func ping() async throws { try await self.pool.query("SELECT 1") }
}
