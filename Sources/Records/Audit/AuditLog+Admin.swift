public import PostgresClient

extension AuditLog {
    /// Which entries a list shows.
    public struct Filter: Sendable, Hashable {
        /// Only those of this org.
        public var orgID: String?
        /// Only what this one did.
        public var actor: String?
        /// Only this kind of change.
        public var action: String?
        /// Only changes of this record.
        public var target: String?
        /// From here on.
        public var from: PostgresInstant?
        /// Before this.
        public var to: PostgresInstant?

        /// All entries.
        public init() {}
    }

    /// Entries, newest first.
    /// - Parameter before: the last `sequence` of the page before.
    public func list(_ filter: Filter, before: Int64 = .max, limit: Int = 100) async throws -> [AuditEntry] {
        // An org's entries as a range, for the reason that lists of keys have.
        let place: PostgresQuery =
            if let orgID = filter.orgID {
                "(org_id, seq) < (\(orgID), \(before)) AND org_id >= \(orgID)"
            } else {
                "seq < \(before)"
            }
        let order: PostgresQuery = filter.orgID == nil ? "seq DESC" : "org_id DESC, seq DESC"
        return try await self.database.ask(
            """
            SELECT seq, id, org_id, actor, action, target, before, after, ip, request_id, created_at, hash
            FROM audit_log
            WHERE \(place)
                AND (\(filter.actor)::text IS NULL OR actor = \(filter.actor)::text)
                AND (\(filter.action)::text IS NULL OR action = \(filter.action)::text)
                AND (\(filter.target)::text IS NULL OR target = \(filter.target)::text)
                AND (\(filter.from) IS NULL OR created_at >= \(filter.from))
                AND (\(filter.to) IS NULL OR created_at < \(filter.to))
            ORDER BY \(order) LIMIT \(limit)
            """
        ).map { row in
            AuditEntry(
                sequence: try row["seq"],
                entry: NewAuditEntry(
                    id: try row["id"], orgID: try row["org_id"], actor: try row["actor"], action: try row["action"],
                    target: try row["target"], before: try row["before"], after: try row["after"], ip: try row["ip"],
                    requestID: try row["request_id"]),
                createdAt: try row["created_at"], hash: try row["hash"])
        }
    }
}
