public import PostgresClient

/// The table of the queue for databases that nothing else has set up: tests, and `--create-schema`. The same shape as
/// Tollgate's own migration makes, but without foreign keys.
public enum JobSchema {
    /// Makes what is missing. Safe to run again, and from several processes at once.
    /// - Throws: `PostgresError`.
    public static func ensure(on pool: PostgresPool) async throws {
        try await pool.withTransaction { session in
            // Concurrent CREATE TABLE IF NOT EXISTS can still collide in the catalogue.
            _ = try await session.query("SELECT pg_advisory_xact_lock(hashtext('tollgate.jobs'))")
            for statement in self.statements { _ = try await session.query(statement) }
        }
    }

    private static let statements: [PostgresQuery] = [
        """
        CREATE TABLE IF NOT EXISTS jobs (
            id text PRIMARY KEY CHECK (id ~ '^job_[0-9A-Za-z]{1,60}$'),
            org_id text NOT NULL,
            environment text NOT NULL CHECK (environment IN ('live', 'test')),
            api_key_id text,
            type text NOT NULL CHECK (length(type) BETWEEN 1 AND 100),
            status text NOT NULL DEFAULT 'queued'
                CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
            input jsonb NOT NULL DEFAULT '{}',
            output jsonb,
            usage jsonb,
            error jsonb,
            progress jsonb,
            attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            max_attempts integer NOT NULL DEFAULT 3 CHECK (max_attempts >= 1),
            cancel_requested boolean NOT NULL DEFAULT false,
            lease_owner text,
            lease_until timestamptz,
            run_at timestamptz NOT NULL DEFAULT now(),
            created_at timestamptz NOT NULL DEFAULT now(),
            started_at timestamptz,
            finished_at timestamptz,
            CONSTRAINT jobs_lease CHECK (((status = 'running') = (lease_until IS NOT NULL))
                AND ((lease_owner IS NULL) = (lease_until IS NULL))),
            CONSTRAINT jobs_finished
                CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)))
        """,
        "CREATE INDEX IF NOT EXISTS jobs_org_status ON jobs (org_id, status)",
        "CREATE INDEX IF NOT EXISTS jobs_org ON jobs (org_id, id DESC)",
        "CREATE INDEX IF NOT EXISTS jobs_due ON jobs (run_at, id) WHERE status = 'queued'",
        "CREATE INDEX IF NOT EXISTS jobs_leased ON jobs (lease_until) WHERE status = 'running'",
    ]
}
