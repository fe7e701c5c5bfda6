public import Domain
import PostgresClient

extension Plans {
    /// What came of putting the file's plans in.
    public struct Seeded: Sendable, Equatable {
        /// Codes of plans that were added or changed.
        public var changed: [String] = []
        /// Codes of plans that say something else than the file, because the records were changed.
        public var overruled: [String] = []

        /// Nothing came of it, if nothing is said.
        public init(changed: [String] = [], overruled: [String] = []) {
            self.changed = changed
            self.overruled = overruled
        }
    }

    /// Puts in what a configuration file says of plans, all or nothing: plans that the records do not have, and plans that
    /// nobody has changed through the records. Each change is told to the edge and entered in the audit log, as any other.
    ///
    /// - Parameters:
    ///   - isForced: the file's word counts even where the records were changed.
    ///   - auditID: a fresh `aud_...` for every change.
    public func seed(_ plans: [Plan], isForced: Bool = false, auditID: () -> String) async throws -> Seeded {
        guard !plans.isEmpty else { return Seeded() }
        let ids = plans.map { _ in auditID() }
        return try await self.database.together { session in
            // Several processes may start at once, with files that differ.
            try await session.ask("SELECT pg_advisory_xact_lock(hashtextextended('tollgate seeds plans', 0))")
            var seeded = Seeded()
            var entries: [NewAuditEntry] = []
            for (plan, id) in zip(plans.sorted { $0.code < $1.code }, ids) {
                let before = try await Self.content(of: plan.code, session)
                if let before, before.source == "records", !isForced {
                    if try await Plans(session).find(plan.code)?.plan.grants != plan.grants {
                        seeded.overruled.append(plan.code)
                    }
                    continue
                }
                guard try await Self.put(plan, session) else { continue }
                seeded.changed.append(plan.code)
                entries.append(
                    NewAuditEntry(
                        id: id, orgID: nil, actor: "configuration-file", action: "plan.seed", target: plan.code,
                        before: before?.text, after: try await Self.content(of: plan.code, session)?.text))
            }
            for entry in entries { try await AuditLog(session).append(entry) }
            return seeded
        }
    }

    /// Returns whether anything changed.
    private static func put(_ plan: Plan, _ session: any RecordsDatabase) async throws -> Bool {
        try await session.ask(
            """
            INSERT INTO plans (code, name, limits, concurrency, quotas, features, source)
            VALUES (\(plan.code), \(plan.name), \(Self.json(plan.limits)), \(Self.json(plan.concurrency)),
                \(Self.json(plan.quotas)), \(plan.features), 'file')
            ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, limits = EXCLUDED.limits,
                concurrency = EXCLUDED.concurrency, quotas = EXCLUDED.quotas, features = EXCLUDED.features,
                source = EXCLUDED.source
            WHERE (plans.name, plans.limits, plans.concurrency, plans.quotas, plans.features, plans.source)
                IS DISTINCT FROM (EXCLUDED.name, EXCLUDED.limits, EXCLUDED.concurrency, EXCLUDED.quotas,
                    EXCLUDED.features, EXCLUDED.source)
            """
        ).affected > 0
    }

    private static func content(
        of code: String, _ session: any RecordsDatabase
    ) async throws -> (source: String, text: String)? {
        try await session.ask(
            """
            SELECT source, jsonb_build_object('code', code, 'name', name, 'limits', limits, 'concurrency', concurrency,
                'quotas', quotas, 'features', features, 'source', source)::text AS content
            FROM plans WHERE code = \(code) FOR NO KEY UPDATE
            """
        ).first.map { (try $0["source"], try $0["content"]) }
    }
}
