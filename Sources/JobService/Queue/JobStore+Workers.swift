import PostgresClient

/// What the workers ask of the queue.
extension JobStore {
    /// Takes up to `limit` due jobs; those that another process is taking in this moment are skipped.
    func claim(limit: Int, types: [JobType], owner: String, lease: Duration) async throws -> [JobClaim] {
        let result = try await self.pool.query(
            """
            WITH due AS (
                SELECT id FROM jobs
                WHERE status = 'queued' AND run_at <= now() AND type = ANY(\(types.map(\.rawValue)))
                ORDER BY run_at, id LIMIT \(limit)
                FOR UPDATE SKIP LOCKED),
            changed AS (
                UPDATE jobs SET
                    status = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now()), error = NULL,
                    lease_owner = \(owner), lease_until = now() + \(lease.interval), progress = \(Self.freshProgress)
                FROM due WHERE jobs.id = due.id
                RETURNING jobs.*)
            \(Self.telling(.changed))
            """)
        return try result.map { JobClaim(job: try Self.job($0), owner: owner) }
    }

    /// Prolongs the leases of jobs that this process still runs.
    /// - Returns: the attempts whose lease it still had, and whether each is to be cancelled.
    func renew(_ ids: [JobID], owner: String, lease: Duration) async throws -> [JobAttempt: Bool] {
        let result = try await self.pool.query(
            """
            UPDATE jobs SET lease_until = now() + \(lease.interval)
            WHERE id = ANY(\(ids.map(\.text))) AND lease_owner = \(owner) AND status = 'running'
            RETURNING id, attempts, cancel_requested
            """)
        var renewed: [JobAttempt: Bool] = [:]
        for row in result {
            let attempt = JobAttempt(id: JobID(stored: try row["id"]), number: try row["attempts"])
            renewed[attempt] = try row["cancel_requested", as: Bool.self]
        }
        return renewed
    }

    /// Notes how far a running job has come.
    func report(_ progress: JobProgress, of claim: JobClaim) async throws {
        try await self.change(
            claim, told: .changed,
            "progress = \(Self.nextProgress) || \(try progress.json.encoded())::jsonb")
    }

    /// Ends a job with its result.
    /// - Returns: whether the lease was still ours; otherwise nothing was changed.
    func succeed(_ claim: JobClaim, _ result: JobResult) async throws -> Bool {
        try await self.change(
            claim, told: .changed,
            """
            status = 'succeeded', finished_at = now(), lease_owner = NULL, lease_until = NULL, error = NULL,
            output = \(try result.output.encoded())::jsonb, usage = \(try result.usage.json.encoded())::jsonb,
            progress = \(Self.nextProgress)
            """)
    }

    /// Ends an attempt without success: the job is queued again after `retryAfter`, or has failed where that is nil.
    /// A job that is to be cancelled is cancelled instead of queued.
    /// - Returns: whether the lease was still ours; otherwise nothing was changed.
    func fail(_ claim: JobClaim, _ failure: JobFailure, retryAfter: Duration?) async throws -> Bool {
        guard let retryAfter else {
            return try await self.change(
                claim, told: .changed,
                """
                status = 'failed', finished_at = now(), lease_owner = NULL, lease_until = NULL,
                error = \(try failure.json.encoded())::jsonb, usage = \(Self.noUsage)::jsonb,
                progress = \(Self.nextProgress)
                """)
        }
        return try await self.change(
            claim, told: .queued,
            """
            \(Self.backToQueue), run_at = now() + \(retryAfter.interval),
            error = \(try failure.json.encoded())::jsonb, progress = \(Self.freshProgress)
            """)
    }

    /// Ends a job that was stopped on its client's wish.
    func confirmCancel(_ claim: JobClaim) async throws -> Bool {
        try await self.change(
            claim, told: .changed,
            """
            status = 'cancelled', finished_at = now(), lease_owner = NULL, lease_until = NULL,
            usage = \(Self.noUsage)::jsonb, progress = \(Self.nextProgress)
            """)
    }

    /// Gives a job back that this process has no time to finish. The attempt does not count.
    func release(_ claim: JobClaim) async throws -> Bool {
        try await self.change(
            claim, told: .queued,
            "\(Self.backToQueue), run_at = now(), attempts = attempts - 1, progress = \(Self.freshProgress)")
    }

    /// Takes jobs away from processes that let their lease expire: back into the queue while attempts are left.
    /// - Returns: how many.
    func reap(limit: Int) async throws -> Int {
        let failure = JobFailure(
            code: "worker-lost", message: "The worker that ran the last attempt stopped without a word.",
            mayRetry: true)
        let result = try await self.pool.query(
            """
            WITH lost AS (
                SELECT id, cancel_requested OR attempts >= max_attempts AS ends FROM jobs
                WHERE status = 'running' AND lease_until < now()
                ORDER BY lease_until LIMIT \(limit)
                FOR UPDATE SKIP LOCKED),
            changed AS (
                UPDATE jobs SET
                    status = CASE WHEN cancel_requested THEN 'cancelled'
                        WHEN attempts < max_attempts THEN 'queued' ELSE 'failed' END,
                    finished_at = CASE WHEN lost.ends THEN now() END,
                    usage = CASE WHEN lost.ends THEN \(Self.noUsage)::jsonb END,
                    error = CASE WHEN NOT cancel_requested THEN \(try failure.json.encoded())::jsonb END,
                    lease_owner = NULL, lease_until = NULL, progress = \(Self.freshProgress)
                FROM lost WHERE jobs.id = lost.id
                RETURNING jobs.*)
            \(Self.telling(.queued))
            """)
        return result.count
    }

    /// Assignments that put a job back into the queue, or end it if it is to be cancelled.
    private static let backToQueue: PostgresQuery = """
        status = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'queued' END,
        finished_at = CASE WHEN cancel_requested THEN now() END,
        usage = CASE WHEN cancel_requested THEN \(Self.noUsage)::jsonb END,
        lease_owner = NULL, lease_until = NULL
        """

    /// Changes a claimed row if, and only if, the claim still holds.
    @discardableResult
    private func change(
        _ claim: JobClaim, told kind: JobNotice.Kind, _ assignments: PostgresQuery
    ) async throws -> Bool {
        let result = try await self.pool.query(
            """
            WITH changed AS (
                UPDATE jobs SET \(assignments)
                WHERE id = \(claim.id.text) AND status = 'running'
                    AND lease_owner = \(claim.owner) AND attempts = \(claim.attempt.number)
                RETURNING id)
            SELECT pg_notify(\(JobNotice.channel), \(kind.rawValue) || ':' || id) FROM changed
            """)
        return !result.isEmpty
    }
}

extension Duration {
    /// The duration as an expression of PostgreSQL's type `interval`.
    fileprivate var interval: PostgresQuery {
        let (seconds, attoseconds) = self.components
        return "make_interval(secs => \(Double(seconds) + Double(attoseconds) / 1e18))"
    }
}
