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
        try await Self.each(orgs) { org in
            try await self.publisher.publish(org.org, keys: Self.published(org.keys), word: Self.word())
        }
    }

    /// Publishes keys as the records have them now, whatever their status, each with its org.
    public func publish(keyIDs: [String]) async throws {
        try await Self.each(try await self.records.find(keyIDs: keyIDs), self.publish)
    }

    /// Publishes what entries of the outbox are about, as it is now. Entries about one thing are published once.
    public func publish(_ entries: [OutboxEntry]) async throws {
        if entries.contains(where: { $0.kind == .system }) { try await self.publishSystem() }
        var keys: [String: OutboxEntry] = [:]
        // The newest version of an org among the entries, for orgs that are no more.
        var versions: [String: Int64] = [:]
        for entry in entries {
            guard let orgID = entry.orgID else { continue }
            versions[orgID] = max(versions[orgID] ?? 1, entry.version ?? 1)
            guard entry.kind == .key, let keyID = entry.apiKeyID else { continue }
            if keys[keyID].map({ ($0.version ?? 0) < (entry.version ?? 0) }) ?? true { keys[keyID] = entry }
        }
        let found = try await self.records.find(keyIDs: keys.keys.sorted())
        for record in found { keys[record.key.record.keyID] = nil }
        for entry in keys.values { try await self.bury(entry) }
        try await Self.each(found, self.publish)
        // Those of the keys are told already.
        for record in found { versions[record.org.orgID] = nil }
        try await self.publishOrgs(removedAt: versions)
    }

    /// Publishes what concerns every request.
    public func publishSystem() async throws {
        try await self.publisher.publish(try await self.records.system())
    }

    /// Publishes orgs without their keys; those that are no more as deleted, with the version given.
    private func publishOrgs(removedAt versions: [String: Int64]) async throws {
        let orgs = try await self.records.orgs(versions.keys.sorted())
        let known = Set(orgs.map(\.orgID))
        let gone = versions.filter { !known.contains($0.key) }.map { orgID, version in
            OrgRecord(orgID: orgID, plan: "", status: .deleted, version: version)
        }
        try await Self.each(orgs + gone) { org in
            try await self.publisher.publish(org, keys: [], word: Self.word())
        }
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
        try await Self.each(try await self.records.orgs(deleted)) { org in
            try await self.publisher.publish(org, keys: [], word: Self.word())
        }
        let gone = stored.filter { versions[$0.key] == nil && $0.value.status != .deleted }
        // One more than what gateways have cached, so that they look again.
        try await self.publishOrgs(removedAt: gone.mapValues { $0.version + 1 })
        return deleted.count + gone.count
    }

    private static func each<Item: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Item) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            for item in items {
                if running == Self.concurrency {
                    try await group.next()
                    running -= 1
                }
                group.addTask { try await body(item) }
                running += 1
            }
            try await group.waitForAll()
        }
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
