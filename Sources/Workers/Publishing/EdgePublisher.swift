import Domain
public import HotStore
public import PostgresClient
public import Records
public import RedisClient

/// Tells Redis what the records say: keys first, then their org with its version, so that an edge that has met the
/// version finds nothing older than it.
///
/// Everything may be published again, and by several processes at once: a version that Redis has passed is left alone.
/// For that to be safe, three rules hold. A key is published with the version that its org had at the instant when the key
/// was read, or before. An org gets a version only when every key that changed up to it has been published: its record
/// may be newer than the version it is published with, never older. And where Redis is put right because it came back with an
/// older file, an org gets a higher version than Redis has at that moment after its keys have been put right: an edge may
/// have read what the older file says beside a version that somebody else has published since.
public struct EdgePublisher: Sendable {
    let records: EdgeRecords
    private let outbox: Outbox
    let publisher: RecordPublisher
    let redis: RedisConnection
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
    /// - Parameter corrected: orgs of which Redis had another record of a key, whose keys are not all published yet: what the
    ///   page before returned.
    /// - Throws: `RedisFailure`; then publish again.
    @discardableResult
    public func publish(_ page: EdgeScan.Page, corrected: Set<String> = []) async throws -> Set<String> {
        let keys = Self.published(page.keys)
        var corrected = corrected
        corrected.formUnion(try await self.inWrites(keys.count) { try await self.publisher.publish(Array(keys[$0])) })
        let complete = page.orgs.map(\.orgID).filter(corrected.contains)
        // Before their versions of today are published, which for most are higher already.
        let raised = try await self.raiseVersions(of: complete)
        _ = try await self.inWrites(page.orgs.count) {
            _ = try await self.publisher.publish(Array(page.orgs[$0]), word: Self.word)
            return []
        }
        if !raised.isEmpty { try await self.publishWaiting(for: raised) }
        return corrected.subtracting(complete)
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

    /// As ``publish(_:)-([OutboxEntry])``, of a Redis that may have come back with an older file: what that has brought back of
    /// the same orgs is withdrawn before their versions are told.
    ///
    /// - Returns: how many keys were withdrawn.
    public func publishRecent(_ entries: [OutboxEntry]) async throws -> Int {
        if entries.contains(where: { $0.kind == .system }) { try await self.publishSystem() }
        let orgIDs = Set(entries.compactMap(\.orgID)).sorted()
        guard !orgIDs.isEmpty, let last = entries.map(\.id).max() else { return 0 }
        let all = try await entries + self.outbox.waiting(for: orgIDs, upTo: last, limit: .max)
        let corrected = try await self.publishKeys(of: all)
        let withdrawn = try await self.withdrawKeys(ofOrgs: orgIDs)
        let raised = try await self.raiseVersions(of: withdrawn.orgIDs.union(corrected).sorted())
        try await self.publishOrgs(orgIDs, of: all)
        if !raised.isEmpty { try await self.publishWaiting(for: raised) }
        return withdrawn.count
    }

    /// - Parameter entries: with everything of their orgs that is older and still waits.
    private func publishComplete(_ entries: [OutboxEntry]) async throws {
        let orgIDs = Set(entries.compactMap(\.orgID)).sorted()
        guard !orgIDs.isEmpty else { return }
        try await self.publishKeys(of: entries)
        try await self.publishOrgs(orgIDs, of: entries)
    }

    /// - Returns: orgs of which Redis had another record of a key.
    @discardableResult
    private func publishKeys(of entries: [OutboxEntry]) async throws -> Set<String> {
        var latest: [String: OutboxEntry] = [:]
        for entry in entries where entry.kind == .key {
            guard let keyID = entry.apiKeyID else { continue }
            if latest[keyID].map({ $0.id < entry.id }) ?? true { latest[keyID] = entry }
        }
        guard !latest.isEmpty else { return [] }
        let records = try await self.records.find(keyIDs: latest.keys.sorted())
        let keys = Self.published(records.map { ($0.key, $0.org.version) })
        var corrected = try await self.inWrites(keys.count) { try await self.publisher.publish(Array(keys[$0])) }
        for record in records { latest[record.key.record.keyID] = nil }
        for entry in latest.values { corrected.formUnion(try await self.bury(entry)) }
        return corrected
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
        _ = try await self.inWrites(orgs.count) {
            _ = try await self.publisher.publish(Array(orgs[$0]), word: Self.word)
            return []
        }
    }

    /// Writes of bounded size, several at once.
    ///
    /// - Returns: what the writes returned, together.
    private func inWrites(
        _ count: Int, _ write: @Sendable @escaping (Range<Int>) async throws -> Set<String>
    ) async throws -> Set<String> {
        try await withThrowingTaskGroup(of: Set<String>.self) { group in
            var returned: Set<String> = []
            var running = 0
            for start in stride(from: 0, to: count, by: Self.recordsInWrite) {
                if running == Self.concurrency, let some = try await group.next() {
                    returned.formUnion(some)
                    running -= 1
                }
                group.addTask { try await write(start..<min(count, start + Self.recordsInWrite)) }
                running += 1
            }
            for try await some in group { returned.formUnion(some) }
            return returned
        }
    }

    /// Publishes what concerns every request.
    public func publishSystem() async throws {
        try await self.publisher.publish(try await self.records.system())
    }

    private func bury(_ entry: OutboxEntry) async throws -> Set<String> {
        guard let hash = entry.keyHash, let keyID = entry.apiKeyID, let orgID = entry.orgID else { return [] }
        return try await self.bury(sha256Hex: hash, keyID: keyID, orgID: orgID, version: entry.version ?? .max / 2)
    }

    /// A key whose row is gone is published as revoked rather than taken out: a publisher that read it before and is
    /// late would bring it back otherwise.
    @discardableResult
    func bury(sha256Hex hash: String, keyID: String, orgID: String, version: Int64) async throws -> Set<String> {
        guard Self.isSHA256(hash) else { return [] }
        let tombstone = KeyRecord(
            keyID: keyID, lineageID: keyID, orgID: orgID, userID: nil, environment: .live, status: .revoked, scopes: [],
            expiresAtMs: 0)
        let corrected = try await self.publisher.publish([
            PublishedKey(record: tombstone, sha256Hex: hash, version: version)
        ])
        _ = try await self.redis.command(
            "EXPIRE", .text(self.keyspace.keyRecord(sha256Hex: hash)), .integer(Self.tombstoneSeconds))
        return corrected
    }

    /// Keys kept as bcrypt cannot be found by a digest yet; they are published at their first use.
    static func published(_ keys: [(key: EdgeKey, version: Int64)]) -> [PublishedKey] {
        keys.filter { $0.key.material.algorithm == .sha256 }.map {
            PublishedKey(record: $0.key.record, sha256Hex: $0.key.material.hash, version: $0.version)
        }
    }

    private static func isSHA256(_ hash: String) -> Bool {
        hash.utf8.count == 64 && hash.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Names the epoch of an org that this Redis does not know.
    static func word() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36)
    }
}
