public import Domain
import PostgresClient

/// Reads every org that is not deleted and every key that can still be used, in the order of their ids, a page at a time:
/// however many there are, and however many one org has, memory holds one page. No transaction is held in between.
public struct EdgeScan: Sendable {
    /// Keys, and then the orgs that have no more.
    public struct Page: Sendable {
        /// Each with the version of its org when that was read: the key is no older.
        public var keys: [(key: EdgeKey, version: Int64)] = []
        /// Orgs whose keys were all on this page or on those before. The version is that up to which everything of the org
        /// has left the outbox: what is beyond it comes from there, key by key.
        public var orgs: [OrgRecord] = []
    }

    private let database: any RecordsDatabase
    private let orgsMax: Int
    private let keysMax: Int

    /// Orgs under way, those whose keys are read completely in front.
    private var orgs: ArraySlice<OrgRecord> = []
    private var versions: [String: Int64] = [:]
    /// Orgs up to this one are behind us.
    private var endBefore = ""
    private var end = ""
    /// The last key of the page before, within the orgs under way.
    private var lastKey: (orgID: String, id: String)?

    /// - Parameters:
    ///   - orgs: orgs read at once.
    ///   - keys: keys on a page, at most.
    public init(_ database: any RecordsDatabase, orgs: Int = 500, keys: Int = 2_000) {
        self.database = database
        self.orgsMax = max(1, orgs)
        self.keysMax = max(1, keys)
    }

    /// The next page; nil after the last.
    public mutating func next() async throws -> Page? {
        if self.orgs.isEmpty {
            try await self.readOrgs()
            if self.orgs.isEmpty { return nil }
        }
        let keys = try await self.readKeys()
        var page = Page()
        page.keys = keys.compactMap { key in self.versions[key.record.orgID].map { (key, $0) } }
        guard keys.count == self.keysMax, let last = keys.last else {
            page.orgs = Array(self.orgs)
            self.orgs = []
            self.endBefore = self.end
            return page
        }
        self.lastKey = (last.record.orgID, last.record.keyID)
        // The org of the last key may have more.
        if let unfinished = page.keys.last?.key.record.orgID {
            let finished = self.orgs.prefix { $0.orgID != unfinished }
            page.orgs = Array(finished)
            self.orgs = self.orgs.dropFirst(finished.count)
        }
        return page
    }

    private mutating func readOrgs() async throws {
        let rows = try await self.database.ask(
            """
            SELECT o.*, (
                SELECT min((w.payload->>'version')::bigint) FROM outbox w
                WHERE w.org_id = o.id AND w.published_at IS NULL) AS waiting
            FROM edge_orgs o WHERE o.status <> 'deleted' AND o.id > \(self.endBefore) ORDER BY o.id LIMIT \(self.orgsMax)
            """)
        self.versions = [:]
        self.lastKey = nil
        var orgs: [OrgRecord] = []
        for row in rows {
            var org = try EdgeRecords.org(row)
            self.versions[org.orgID] = org.version
            if let waiting = try row["waiting", as: Int64?.self] { org.version = min(org.version, max(1, waiting - 1)) }
            orgs.append(org)
        }
        self.orgs = orgs[...]
        self.end = orgs.last?.orgID ?? ""
    }

    private func readKeys() async throws -> [EdgeKey] {
        let start: PostgresQuery =
            if let lastKey {
                "(k.org_id, k.id) > (\(lastKey.orgID), \(lastKey.id))"
            } else {
                "k.org_id > \(self.endBefore)"
            }
        return try await self.database.ask(
            """
            SELECT \(EdgeKey.columns) FROM api_keys k
            WHERE \(start) AND k.org_id <= \(self.end) AND k.status = 'active'
                AND (k.expires_at IS NULL OR k.expires_at > now())
            ORDER BY k.org_id, k.id LIMIT \(self.keysMax)
            """
        ).map { try EdgeKey($0) }
    }
}
