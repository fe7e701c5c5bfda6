import Domain
public import HotStore
public import PostgresClient
public import Records
public import RedisClient

/// Tells Redis what the records say: keys first, then their org with its version, so that an edge that has met the
/// version finds nothing older than it.
///
/// Everything may be published again, and by several processes at once: a version that Redis has passed is left alone.
/// For that to be safe, two rules hold. A key is published with the version that its org had at the instant when the key
/// was read, or before. An org gets a version only when every key that changed up to it has been published: its record
/// may be newer than the version it is published with, never older.
public struct EdgePublisher: Sendable {
    private let records: EdgeRecords
    private let outbox: Outbox
    private let publisher: RecordPublisher
    private let redis: RedisConnection
    private let keyspace: Keyspace

    /// Records in one write, and writes under way at once.
    private static let recordsInWrite = 500
    private static let concurrency = 4
    private static let waitingInBatch = 1_000
    /// How long Redis remembers that a key was removed altogether: longer than any publisher can be late.
    private static let tombstoneSeconds: Int64 = 86_400

    public init(pool: PostgresPool, redis: RedisConnection, keyspace: Keyspace) {
        self.records = EdgeRecords(pool)
        self.outbox = Outbox(pool)
        self.publisher = RecordPublisher(redis: redis, keyspace: keyspace)
        self.redis = redis
        self.keyspace = keyspace
    }

    /// Whether Redis has lost what was published: the system's record is there from the beginning of the first fill on.
    public func isRedisEmptied() async throws -> Bool {
        try await self.redis.command("EXISTS", .text(self.keyspace.system)).integer == 0
    }

    /// Publishes one key that Redis was found not to know, and its org unless Redis knows that. An org that it knows gets
    /// its next version from the outbox, with everything else that belongs to that version.
    ///
    /// - Throws: `RedisFailure`; then publish again.
    public func publish(_ record: EdgeRecord) async throws {
        try await self.publisher.publish(Self.published([(record.key, record.org.version)]))
        guard try await !self.publisher.knows(org: record.org.orgID) else { return }
        try await self.publisher.publish([record.org], word: Self.word)
    }

    /// Publishes a page of all there is.
    ///
    /// - Throws: `RedisFailure`; then publish again.
    public func publish(_ page: EdgeScan.Page) async throws {
        let keys = Self.published(page.keys)
        try await self.inWrites(keys.count) { try await self.publisher.publish(Array(keys[$0])) }
        try await self.inWrites(page.orgs.count) {
            try await self.publisher.publish(Array(page.orgs[$0]), word: Self.word)
        }
    }

    /// Publishes keys as the records have them now, whatever their status, with what waits of their orgs.
    public func publish(keyIDs: [String]) async throws {
        let records = try await self.records.find(keyIDs: keyIDs)
        try await self.publisher.publish(Self.published(records.map { ($0.key, $0.org.version) }))
        let orgIDs = Set(records.map(\.org.orgID)).sorted()
        try await self.publishWaiting(for: orgIDs)
    }

    /// Publishes what waits in the outbox of these orgs and of the system, the oldest first; of all orgs for nil. Nothing is
    /// marked: a worker publishes it again. Ends early when its task is cancelled.
    public func publishWaiting(for orgIDs: [String]?) async throws {
        var last: Int64 = 0
        while !Task.isCancelled {
            let entries = try await self.outbox.waiting(for: orgIDs, after: last, limit: Self.waitingInBatch)
            if entries.contains(where: { $0.kind == .system }) { try await self.publishSystem() }
            try await self.publishComplete(entries)
            // A plan or a flag may concern more orgs than one batch has.
            guard entries.count == Self.waitingInBatch, let end = entries.last?.id else { return }
            last = end
        }
    }

    /// Publishes what entries of the outbox are about, as it is now. Entries about one thing are published once.
    public func publish(_ entries: [OutboxEntry]) async throws {
        if entries.contains(where: { $0.kind == .system }) { try await self.publishSystem() }
        let orgIDs = Set(entries.compactMap(\.orgID)).sorted()
        guard !orgIDs.isEmpty, let last = entries.map(\.id).max() else { return }
        // Older ones that somebody else is publishing belong to the same versions.
        try await self.publishComplete(entries + self.outbox.waiting(for: orgIDs, upTo: last, limit: .max))
    }

    /// - Parameter entries: with everything of their orgs that is older and still waits.
    private func publishComplete(_ entries: [OutboxEntry]) async throws {
        let orgIDs = Set(entries.compactMap(\.orgID)).sorted()
        guard !orgIDs.isEmpty else { return }
        try await self.publishKeys(of: entries)
        try await self.publishOrgs(orgIDs, of: entries)
    }

    private func publishKeys(of entries: [OutboxEntry]) async throws {
        var latest: [String: OutboxEntry] = [:]
        for entry in entries where entry.kind == .key {
            guard let keyID = entry.apiKeyID else { continue }
            if latest[keyID].map({ $0.id < entry.id }) ?? true { latest[keyID] = entry }
        }
        guard !latest.isEmpty else { return }
        let records = try await self.records.find(keyIDs: latest.keys.sorted())
        let keys = Self.published(records.map { ($0.key, $0.org.version) })
        try await self.inWrites(keys.count) { try await self.publisher.publish(Array(keys[$0])) }
        for record in records { latest[record.key.record.keyID] = nil }
        for entry in latest.values { try await self.bury(entry) }
    }

    /// Publishes orgs with the newest version among the entries: nothing is known of later ones.
    private func publishOrgs(_ orgIDs: [String], of entries: [OutboxEntry]) async throws {
        let versions = entries.reduce(into: [String: Int64]()) { versions, entry in
            guard let orgID = entry.orgID, let version = entry.version else { return }
            versions[orgID] = max(versions[orgID] ?? 0, version)
        }
        let found = try await self.records.orgs(orgIDs).reduce(into: [String: OrgRecord]()) { $0[$1.orgID] = $1 }
        let orgs = orgIDs.map { orgID in
            var org = found[orgID] ?? OrgRecord(orgID: orgID, plan: "", status: .deleted, version: 1)
            org.version = versions[orgID] ?? org.version
            return org
        }
        try await self.inWrites(orgs.count) { try await self.publisher.publish(Array(orgs[$0]), word: Self.word) }
    }

    /// Writes of bounded size, several at once.
    private func inWrites(_ count: Int, _ write: @Sendable @escaping (Range<Int>) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for start in stride(from: 0, to: count, by: Self.recordsInWrite) {
                if running == Self.concurrency {
                    try await group.next()
                    running -= 1
                }
                group.addTask { try await write(start..<min(count, start + Self.recordsInWrite)) }
                running += 1
            }
            try await group.waitForAll()
        }
    }

    /// Publishes what concerns every request.
    public func publishSystem() async throws {
        try await self.publisher.publish(try await self.records.system())
    }

    private func bury(_ entry: OutboxEntry) async throws {
        guard let hash = entry.keyHash, let keyID = entry.apiKeyID, let orgID = entry.orgID else { return }
        try await self.bury(sha256Hex: hash, keyID: keyID, orgID: orgID, version: entry.version ?? .max / 2)
    }

    /// A key whose row is gone is published as revoked rather than taken out: a publisher that read it before and is
    /// late would bring it back otherwise.
    private func bury(sha256Hex hash: String, keyID: String, orgID: String, version: Int64) async throws {
        guard Self.isSHA256(hash) else { return }
        let tombstone = KeyRecord(
            keyID: keyID, lineageID: keyID, orgID: orgID, userID: nil, environment: .live, status: .revoked, scopes: [],
            expiresAtMs: 0)
        try await self.publisher.publish(tombstone, sha256Hex: hash, version: version)
        _ = try await self.redis.command(
            "EXPIRE", .text(self.keyspace.keyRecord(sha256Hex: hash)), .integer(Self.tombstoneSeconds))
    }

    // MARK: Withdrawing

    /// Withdraws what Redis holds and the records do not grant (any more): keys that are revoked, expired or gone, and orgs
    /// that are deleted or gone. An older file of Redis brings such back. What the records grant is published elsewhere.
    ///
    /// Redis is read before the records. So a version there that is higher than the records' tells of a database that was
    /// put back; the records' is raised above it, because the edge would hold on to the other.
    ///
    /// - Returns: how many were withdrawn.
    public func withdraw() async throws -> Int {
        if let version = try await self.publisher.systemVersion(), try await self.records.system().version < version {
            try await self.records.raiseSystem(above: version)
        }
        var withdrawn = 0
        for server in await self.redis.servers { withdrawn += try await self.withdraw(from: server) }
        return withdrawn
    }

    private func withdraw(from server: RedisConfiguration.Endpoint) async throws -> Int {
        var withdrawn = 0
        var cursor = "0"
        repeat {
            let names: [Keyspace.RecordName]
            (names, cursor) = try await self.publisher.scan(from: cursor, of: server)
            var keys: Set<String> = []
            var orgs: Set<String> = []
            for name in names {
                switch name {
                case .key(let hash): keys.insert(hash)
                case .org(let id): orgs.insert(id)
                }
            }
            withdrawn += try await self.withdraw(keys: keys)
            withdrawn += try await self.withdraw(orgs: orgs)
        } while cursor != "0"
        return withdrawn
    }

    private func withdraw(keys hashes: Set<String>) async throws -> Int {
        guard !hashes.isEmpty else { return 0 }
        let suspects = hashes.subtracting(try await self.records.usable(keyHashes: hashes.sorted()))
        guard !suspects.isEmpty else { return 0 }
        let stored = try await self.publisher.keys(suspects.sorted())
        let records = try await self.records.find(keyHashes: suspects.sorted())
        let known = Dictionary(records.map { ($0.key.material.hash, $0) }) { first, _ in first }
        var withdrawn = 0
        for (hash, key) in stored {
            if let record = known[hash] {
                guard key.record != record.key.record else { continue }
                if key.version > record.org.version {
                    try await self.records.raise(orgID: record.org.orgID, above: key.version)
                    try await self.publish(keyIDs: [record.key.record.keyID])
                } else {
                    try await self.publish(record)
                }
            } else {
                guard key.record.status != .revoked else { continue }
                try await self.bury(
                    sha256Hex: hash, keyID: key.record.keyID, orgID: key.record.orgID, version: key.version)
            }
            withdrawn += 1
        }
        return withdrawn
    }

    private func withdraw(orgs ids: Set<String>) async throws -> Int {
        guard !ids.isEmpty else { return 0 }
        let stored = try await self.publisher.orgs(ids.sorted())
        let versions = try await self.records.versions(ofOrgs: ids.sorted())
        var deleted: [String] = []
        for (id, org) in stored {
            guard let known = versions[id] else { continue }
            if known.version < org.version { try await self.records.raise(orgID: id, above: org.version) }
            if known.isDeleted, org.status != .deleted { deleted.append(id) }
        }
        // One more than what gateways have cached, so that they look again.
        let gone = stored.filter { versions[$0.key] == nil && $0.value.status != .deleted }.map { id, org in
            OrgRecord(orgID: id, plan: "", status: .deleted, version: org.version + 1)
        }
        try await self.publisher.publish(try await self.records.orgs(deleted) + gone, word: Self.word)
        return deleted.count + gone.count
    }

    /// Keys kept as bcrypt cannot be found by a digest yet; they are published at their first use.
    private static func published(_ keys: [(key: EdgeKey, version: Int64)]) -> [PublishedKey] {
        keys.filter { $0.key.material.algorithm == .sha256 }.map {
            PublishedKey(record: $0.key.record, sha256Hex: $0.key.material.hash, version: $0.version)
        }
    }

    private static func isSHA256(_ hash: String) -> Bool {
        hash.utf8.count == 64 && hash.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Names the epoch of an org that this Redis does not know.
    private static func word() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36)
    }
}
