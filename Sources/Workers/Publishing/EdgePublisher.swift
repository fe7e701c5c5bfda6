import Domain
public import HotStore
public import PostgresClient
public import Records
public import RedisClient

/// Tells Redis what the records say: keys first, then their org with its version, so that an edge that has met the
/// version finds nothing older than it.
///
/// Everything may be published again, and by several processes at once: a version that Redis has passed is left alone.
/// For that to be safe, a key and the version it is published with are always read in one snapshot.
public struct EdgePublisher: Sendable {
    private let records: EdgeRecords
    private let publisher: RecordPublisher
    private let redis: RedisConnection
    private let keyspace: Keyspace

    /// Orgs published at a time.
    private static let concurrency = 16
    /// How long Redis remembers that a key was removed altogether: longer than any publisher can be late.
    private static let tombstoneSeconds: Int64 = 86_400

    public init(pool: PostgresPool, redis: RedisConnection, keyspace: Keyspace) {
        self.records = EdgeRecords(pool)
        self.publisher = RecordPublisher(redis: redis, keyspace: keyspace)
        self.redis = redis
        self.keyspace = keyspace
    }

    /// Whether Redis has lost what was published: the system's record is there from the beginning of the first fill on.
    public func isRedisEmptied() async throws -> Bool {
        try await self.redis.command("EXISTS", .text(self.keyspace.system)).integer == 0
    }

    /// Publishes one key and its org.
    ///
    /// - Throws: `RedisFailure`; then publish again.
    public func publish(_ record: EdgeRecord) async throws {
        try await self.publisher.publish(record.org, keys: Self.published([record.key]), word: Self.word())
    }

    /// Publishes orgs with their keys.
    public func publish(_ orgs: [EdgeOrg]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for org in orgs {
                if running == Self.concurrency {
                    try await group.next()
                    running -= 1
                }
                group.addTask {
                    try await self.publisher.publish(org.org, keys: Self.published(org.keys), word: Self.word())
                }
                running += 1
            }
            try await group.waitForAll()
        }
    }

    /// Publishes keys as the records have them now, whatever their status, each with its org.
    public func publish(keyIDs: [String]) async throws {
        for id in keyIDs {
            if let record = try await self.records.find(keyID: id) { try await self.publish(record) }
        }
    }

    /// Publishes what entries of the outbox are about, as it is now. Entries about one thing are published once.
    public func publish(_ entries: [OutboxEntry]) async throws {
        var orgs: [String] = []
        var seen: Set<String> = []
        if entries.contains(where: { $0.kind == .system }) { try await self.publishSystem() }
        for entry in entries {
            guard let orgID = entry.orgID else { continue }
            if entry.kind == .key, let keyID = entry.apiKeyID, seen.insert(keyID).inserted {
                if let record = try await self.records.find(keyID: keyID) {
                    try await self.publish(record)
                } else {
                    try await self.bury(entry, keyID: keyID, orgID: orgID)
                }
            }
            if seen.insert(orgID).inserted { orgs.append(orgID) }
        }
        // The newest version of an org among the entries, for orgs that are no more.
        let versions = entries.reduce(into: [String: Int64]()) { versions, entry in
            guard let orgID = entry.orgID, let version = entry.version else { return }
            versions[orgID] = max(versions[orgID] ?? 0, version)
        }
        for orgID in orgs { try await self.publishOrg(orgID, removedAt: versions[orgID] ?? 1) }
    }

    /// Publishes what concerns every request.
    public func publishSystem() async throws {
        try await self.publisher.publish(try await self.records.system())
    }

    private func publishOrg(_ orgID: String, removedAt version: Int64) async throws {
        let org =
            try await self.records.org(orgID)?.org
            ?? OrgRecord(orgID: orgID, plan: "", status: .deleted, version: version)
        try await self.publisher.publish(org, keys: [], word: Self.word())
    }

    /// A key whose row is gone is published as revoked rather than taken out: a publisher that read it before and is
    /// late would bring it back otherwise.
    private func bury(_ entry: OutboxEntry, keyID: String, orgID: String) async throws {
        guard let hash = entry.keyHash, Self.isSHA256(hash) else { return }
        let tombstone = KeyRecord(
            keyID: keyID, lineageID: keyID, orgID: orgID, userID: nil, environment: .live, status: .revoked, scopes: [],
            expiresAtMs: 0)
        try await self.publisher.publish(tombstone, sha256Hex: hash, version: entry.version ?? .max / 2)
        _ = try await self.redis.command(
            "EXPIRE", .text(self.keyspace.keyRecord(sha256Hex: hash)), .integer(Self.tombstoneSeconds))
    }

    /// Keys kept as bcrypt cannot be found by a digest yet; they are published at their first use.
    private static func published(_ keys: [EdgeKey]) -> [(sha256Hex: String, key: KeyRecord)] {
        keys.filter { $0.material.algorithm == .sha256 }.map { ($0.material.hash, $0.record) }
    }

    private static func isSHA256(_ hash: String) -> Bool {
        hash.utf8.count == 64 && hash.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Names the epoch of an org that this Redis does not know.
    private static func word() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36)
    }
}
