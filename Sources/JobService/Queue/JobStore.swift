import FoundationEssentials
import PostgresClient

/// The durable queue: one table, `jobs`, and one notification channel.
///
/// A claim is one statement (`FOR UPDATE SKIP LOCKED`), fenced by the pair (lease owner, attempt): whoever lost its
/// lease can no longer change the row, so every job ends once however many processes believe to run it. Every change
/// that a client can see raises `progress.sequence` and sends a notification in the same transaction.
struct JobStore: Sendable {
    let pool: PostgresPool

    /// The columns that ``job(_:)`` reads.
    static let columns: PostgresQuery = """
        id, org_id, environment, api_key_id, type, status, input, output, usage, error, progress, attempts, \
        max_attempts, cancel_requested, run_at, created_at, started_at, finished_at
        """

    /// `progress` with a raised sequence; what it says of the work stays.
    static let nextProgress: PostgresQuery = """
        coalesce(jobs.progress, '{}') || \
        jsonb_build_object('sequence', coalesce((jobs.progress->>'sequence')::bigint, 0) + 1)
        """

    /// `progress` with a raised sequence and nothing else: the next attempt starts from the beginning.
    static let freshProgress: PostgresQuery = """
        jsonb_build_object('sequence', coalesce((jobs.progress->>'sequence')::bigint, 0) + 1)
        """

    /// What failed and cancelled jobs are charged.
    static let noUsage = #"{"units": 0}"#

    /// Tells everyone about the rows of `changed`, and gives them back.
    static func telling(_ kind: JobNotice.Kind) -> PostgresQuery {
        "SELECT \(Self.columns), pg_notify(\(JobNotice.channel), \(kind.rawValue) || ':' || id) AS told FROM changed"
    }

    /// Reads a row that has ``columns``.
    static func job(_ row: PostgresRow) throws -> Job {
        let progress = try Self.json(row["progress", as: String?.self])
        return Job(
            id: JobID(stored: try row["id", as: String.self]),
            tenant: Tenant(
                orgID: try row["org_id", as: String.self], environment: try row["environment", as: String.self]),
            apiKeyID: try row["api_key_id", as: String?.self],
            type: try row["type", as: String.self],
            status: try row["status", as: JobStatus.self],
            input: try Self.json(row["input", as: String?.self]) ?? .null,
            output: try Self.json(row["output", as: String?.self]),
            usage: try Self.json(row["usage", as: String?.self]),
            error: try Self.json(row["error", as: String?.self]),
            progress: JobProgress(json: progress),
            sequence: progress?["sequence"]?.integer ?? 0,
            attempts: try row["attempts", as: Int.self],
            maxAttempts: try row["max_attempts", as: Int.self],
            cancelRequested: try row["cancel_requested", as: Bool.self],
            times: Job.Times(
                runAt: try row["run_at", as: PostgresInstant.self].unixMicroseconds,
                createdAt: try row["created_at", as: PostgresInstant.self].unixMicroseconds,
                startedAt: try row["started_at", as: PostgresInstant?.self]?.unixMicroseconds,
                finishedAt: try row["finished_at", as: PostgresInstant?.self]?.unixMicroseconds))
    }

    private static func json(_ text: String?) throws -> JSONValue? {
        try text.map { try JSONValue(parsing: $0.utf8) }
    }
}

extension JobStatus: PostgresEncodable, PostgresDecodable {}
