public import Domain
public import PostgresClient

/// A job as the job service keeps it, for reading: the queue itself belongs to that service.
public struct JobRecord: Sendable, Hashable {
    /// How far it got.
    public enum Status: String, Sendable, CaseIterable, PostgresEncodable, PostgresDecodable {
        case queued, running, succeeded, failed, cancelled
    }

    /// `job_…`.
    public let id: String
    /// Whose job.
    public let orgID: String
    /// Live or test.
    public let environment: Environment
    /// The key it was asked for with.
    public let apiKeyID: String?
    /// What is done.
    public let type: String
    /// How far it got.
    public let status: Status
    /// JSON.
    public let input: String
    /// JSON, once it succeeded.
    public let output: String?
    /// JSON: what it used, by meter.
    public let usage: String?
    /// JSON, if it failed.
    public let error: String?
    /// How often it was tried.
    public let attempts: Int
    /// Not before.
    public let runAt: PostgresInstant
    /// When it was accepted.
    public let createdAt: PostgresInstant
    /// When the last attempt began.
    public let startedAt: PostgresInstant?
    /// When it ended.
    public let finishedAt: PostgresInstant?

    static let columns: PostgresQuery = """
        id, org_id, environment, api_key_id, type, status, input, output, usage, error, attempts, run_at, created_at, \
        started_at, finished_at
        """

    init(_ row: PostgresRow) throws(PostgresError) {
        self.id = try row["id"]
        self.orgID = try row["org_id"]
        self.environment = try row["environment"]
        self.apiKeyID = try row["api_key_id"]
        self.type = try row["type"]
        self.status = try row["status"]
        self.input = try row["input"]
        self.output = try row["output"]
        self.usage = try row["usage"]
        self.error = try row["error"]
        self.attempts = try row["attempts"]
        self.runAt = try row["run_at"]
        self.createdAt = try row["created_at"]
        self.startedAt = try row["started_at"]
        self.finishedAt = try row["finished_at"]
    }
}
