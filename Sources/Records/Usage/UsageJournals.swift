import PostgresClient

/// The journals that gateways write what they serve in, as far as the records know of them.
public struct UsageJournals: Sendable {
    private let database: any RecordsDatabase

    /// Counters recorded by one statement.
    private static let batchMax = 2_000

    /// On a pool, or in a session's transaction.
    public init(_ database: any RecordsDatabase) { self.database = database }

    /// What a journal says of itself.
    public struct State: Sendable, Hashable {
        /// The journal's id.
        public var id: String
        /// The machine that it lies on, and where.
        public var host: String
        /// Its path there.
        public var path: String
        /// Requests that were admitted.
        public var opened: Int
        /// Requests that ended.
        public var settled: Int
        /// Units that found no room.
        public var uncovered: Int

        /// A journal's state.
        public init(id: String, host: String, path: String, opened: Int, settled: Int, uncovered: Int) {
            self.id = id
            self.host = host
            self.path = path
            self.opened = opened
            self.settled = settled
            self.uncovered = uncovered
        }
    }

    /// What a look over all journals finds. All of it should be 0.
    public struct Gaps: Sendable, Hashable {
        /// Journals of gateways that are gone, which nobody has recorded yet.
        public var journals: Int
        /// Requests in those that were admitted and have not ended.
        public var requests: Int
        /// Units that found no room in a journal.
        public var units: Int

        /// What was found.
        public init(journals: Int, requests: Int, units: Int) {
            self.journals = journals
            self.requests = requests
            self.units = units
        }
    }

    /// Says that a journal's gateway is alive.
    public func saw(_ state: State) async throws {
        try await self.database.ask(
            """
            INSERT INTO usage_journals AS j (id, host, path, opened, settled, uncovered)
            VALUES (\(state.id), \(state.host), \(state.path), \(state.opened), \(state.settled), \(state.uncovered))
            ON CONFLICT (id) DO UPDATE SET opened = greatest(j.opened, EXCLUDED.opened),
                settled = greatest(j.settled, EXCLUDED.settled), uncovered = greatest(j.uncovered, EXCLUDED.uncovered),
                seen_at = clock_timestamp()
            WHERE j.closed_at IS NULL
            """)
    }

    /// Whether a journal was made for these records.
    public func knows(_ id: String) async throws -> Bool {
        try await self.database.ask("SELECT 1 FROM usage_journals WHERE id = \(id)").count > 0
    }

    /// Records everything in a journal to which nothing is added any more, and closes it: what was open in it has expired.
    /// Done again, it changes nothing.
    public func close(_ state: State, _ counters: [UsageCounter]) async throws -> Usage.Receipt {
        try await self.database.together { session in
            var changed = 0
            var refused: [UsageCounter] = []
            for start in stride(from: 0, to: counters.count, by: Self.batchMax) {
                let receipt = try await Usage(session).record(
                    Array(counters[start..<min(start + Self.batchMax, counters.count)]))
                changed += receipt.changed
                refused += receipt.refused
            }
            let opened = max(state.opened, state.settled)
            try await session.ask(
                """
                INSERT INTO usage_journals AS j (id, host, path, opened, settled, expired, uncovered, closed_at)
                VALUES (\(state.id), \(state.host), \(state.path), \(opened), \(state.settled),
                    \(opened - state.settled), \(state.uncovered), clock_timestamp())
                ON CONFLICT (id) DO UPDATE SET opened = EXCLUDED.opened, settled = EXCLUDED.settled,
                    expired = EXCLUDED.expired, uncovered = EXCLUDED.uncovered, seen_at = clock_timestamp(),
                    closed_at = EXCLUDED.closed_at
                WHERE j.closed_at IS NULL
                """)
            return Usage.Receipt(changed: changed, refused: refused)
        }
    }

    /// Lets go of the counters of journals that were closed so long ago; what they count stays in `usage_meters`. One
    /// transaction a journal.
    /// - Returns: how many counters went.
    public func fold(ageMs: Int) async throws -> Int {
        var gone = 0
        while true {
            let count: Int? = try await self.database.ask(
                "SELECT usage_journals_fold(\(ageMs) * interval '1 millisecond') AS gone"
            ).only()["gone"]
            guard let count else { return gone }
            gone += count
        }
    }

    /// Looks for what is missing.
    public func gaps() async throws -> Gaps {
        let row = try await self.database.ask(
            """
            SELECT count(*) FILTER (WHERE reason = 'not recovered')::bigint AS journals,
                coalesce(sum(requests), 0)::bigint AS requests,
                coalesce(sum(units) FILTER (WHERE reason = 'journal was full'), 0)::bigint AS units
            FROM usage_gaps
            """
        ).only()
        return Gaps(journals: try row["journals"], requests: try row["requests"], units: try row["units"])
    }
}
