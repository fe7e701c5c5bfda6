public import Domain
public import PostgresClient

/// Jobs, for reading.
public struct Jobs: Sendable {
    private let database: any RecordsDatabase

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// Which jobs to list; every condition that is set must hold.
    public struct Filter: Sendable, Hashable {
        /// Only these.
        public var status: JobRecord.Status?
        /// Only live, or only test.
        public var environment: Environment?
        /// Only those asked for with this key.
        public var apiKeyID: String?
        /// Only this type.
        public var type: String?
        /// Accepted at this instant or later.
        public var from: PostgresInstant?
        /// Accepted before this instant.
        public var until: PostgresInstant?

        /// All jobs.
        public init() {}
    }

    /// An org's jobs, newest first.
    /// - Parameter before: the last id of the page before.
    public func list(
        of orgID: String, _ filter: Filter = Filter(), before: String? = nil, limit: Int = 100
    ) async throws -> [JobRecord] {
        var statement: PostgresQuery = "SELECT \(JobRecord.columns) FROM jobs WHERE org_id = \(orgID)"
        if let status = filter.status { statement += " AND status = \(status)" }
        if let environment = filter.environment { statement += " AND environment = \(environment)" }
        if let apiKeyID = filter.apiKeyID { statement += " AND api_key_id = \(apiKeyID)" }
        if let type = filter.type { statement += " AND type = \(type)" }
        if let from = filter.from { statement += " AND created_at >= \(from)" }
        if let until = filter.until { statement += " AND created_at < \(until)" }
        if let before { statement += " AND id < \(before)" }
        statement += " ORDER BY id DESC LIMIT \(limit)"
        return try await self.database.ask(statement).map { try JobRecord($0) }
    }

    /// A job of an org.
    public func find(_ id: String, of orgID: String) async throws -> JobRecord? {
        try await self.database.ask(
            "SELECT \(JobRecord.columns) FROM jobs WHERE id = \(id) AND org_id = \(orgID)"
        ).first.map { try JobRecord($0) }
    }
}
