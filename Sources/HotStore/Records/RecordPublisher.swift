public import Domain
public import RedisClient

/// Writes records where the edge reads them: keys first, then the org with its version. A record older than the stored
/// one is passed over, so publications may be repeated and may overtake one another.
public struct RecordPublisher: Sendable {
    public let redis: RedisConnection
    public let keyspace: Keyspace

    public init(redis: RedisConnection, keyspace: Keyspace) {
        self.redis = redis
        self.keyspace = keyspace
    }

    /// Publishes keys of an org, and then the org.
    ///
    /// - Parameters:
    ///   - keys: each with the hexadecimal SHA-256 of the key.
    ///   - word: fresh and random, letters and digits; used when this Redis does not know the org.
    /// - Returns: whether the org's record was written; false when a newer one is there.
    /// - Throws: `RedisFailure`; then publish again.
    @discardableResult
    public func publish(_ org: OrgRecord, keys: [(sha256Hex: String, key: KeyRecord)], word: String) async throws
        -> Bool
    {
        for (sha256Hex, key) in keys { try await self.publish(key, sha256Hex: sha256Hex, version: org.version) }
        let fields = PrincipalRecordCodec.encode(org).map(RedisArgument.text)
        let reply = try await self.redis.eval(
            HotScripts.publishOrg,
            keys: [
                .text(self.keyspace.version(ofOrg: org.orgID)), .text(self.keyspace.orgRecord(org.orgID)),
            ],
            arguments: [.integer(org.version), .text(word)] + fields)
        return reply.integer == 1
    }

    /// Publishes one key; the edge takes it up with the org's next version, or when it first sees the key.
    @discardableResult
    public func publish(_ key: KeyRecord, sha256Hex: String, version: Int64) async throws -> Bool {
        let reply = try await self.redis.eval(
            HotScripts.publishKey, keys: [.text(self.keyspace.keyRecord(sha256Hex: sha256Hex))],
            arguments: [.integer(version)] + PrincipalRecordCodec.encode(key).map(RedisArgument.text))
        return reply.integer == 1
    }

    /// Publishes what concerns every request: maintenance.
    @discardableResult
    public func publish(_ system: SystemRecord) async throws -> Bool {
        let reply = try await self.redis.eval(
            HotScripts.publishKey, keys: [.text(self.keyspace.system)],
            arguments: [.integer(system.version)] + SystemRecordCodec.encode(system).map(RedisArgument.text))
        return reply.integer == 1
    }

    /// What the edge would read of a key: nil when Redis does not know it or its org whole.
    public func principal(sha256Hex: String) async throws -> Principal? {
        let name = RedisArgument.text(self.keyspace.keyRecord(sha256Hex: sha256Hex))
        let first = try await self.redis.command("HGETALL", name)
        guard let orgID = PrincipalRecordCodec.key(PrincipalRecordCodec.fields(first))?.orgID else { return nil }
        // One after the other: in a cluster key and org lie on different nodes.
        let version = try await self.redis.command("GET", .text(self.keyspace.version(ofOrg: orgID)))
        let record = try await self.redis.command("HGETALL", .text(self.keyspace.orgRecord(orgID)))
        let second = try await self.redis.command("HGETALL", name)
        guard let tag = version.text, let org = PrincipalRecordCodec.org(PrincipalRecordCodec.fields(record)),
            let key = PrincipalRecordCodec.key(PrincipalRecordCodec.fields(second)), key.orgID == orgID
        else { return nil }
        return Principal(key: key, org: org, versionTag: tag)
    }
}
