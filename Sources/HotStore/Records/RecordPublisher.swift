public import Domain
public import RedisClient

/// A key on its way to Redis.
public struct PublishedKey: Sendable {
    public var record: KeyRecord
    /// Hexadecimal SHA-256 of the key.
    public var sha256Hex: String
    /// The version of its org that it belongs to, or is newer than.
    public var version: Int64

    public init(record: KeyRecord, sha256Hex: String, version: Int64) {
        self.record = record
        self.sha256Hex = sha256Hex
        self.version = version
    }
}

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
        try await self.publish(
            keys.map { PublishedKey(record: $0.key, sha256Hex: $0.sha256Hex, version: org.version) })
        return try await self.publish([org]) { word } == 1
    }

    /// Publishes keys, in one write.
    ///
    /// - Returns: orgs of which another record of a key was there. A gateway may have read that one beside the org's version
    ///   that is there now; it reads again when the org gets a higher one.
    /// - Throws: `RedisFailure`; then publish again.
    @discardableResult
    public func publish(_ keys: [PublishedKey]) async throws -> Set<String> {
        let replies = try await self.redis.eval(HotScripts.publishKey, calls: keys.map(self.call))
        try Self.expectNoErrors(replies)
        return Set(zip(keys, replies).lazy.filter { $1.integer == 2 }.map(\.0.record.orgID))
    }

    /// Publishes orgs whose keys are published already, in one write.
    ///
    /// - Parameter word: fresh and random, letters and digits; used for orgs that this Redis does not know.
    /// - Returns: how many were written; newer ones are left alone.
    /// - Throws: `RedisFailure`; then publish again.
    @discardableResult
    public func publish(_ orgs: [OrgRecord], word: () -> String) async throws -> Int {
        let replies = try await self.redis.eval(
            HotScripts.publishOrg,
            calls: orgs.map { org in
                RedisScriptCall(
                    keys: [
                        .text(self.keyspace.version(ofOrg: org.orgID)), .text(self.keyspace.orgRecord(org.orgID)),
                    ],
                    arguments: [.integer(org.version), .text(word())]
                        + PrincipalRecordCodec.encode(org).map(RedisArgument.text))
            })
        try Self.expectNoErrors(replies)
        return replies.count { $0.integer == 1 }
    }

    /// Whether Redis knows an org, in whatever version.
    public func knows(org orgID: String) async throws -> Bool {
        try await self.redis.command(
            "EXISTS", .text(self.keyspace.version(ofOrg: orgID)), .text(self.keyspace.orgRecord(orgID))
        ).integer == 2
    }

    /// Publishes one key; the edge takes it up with the org's next version, or when it first sees the key.
    @discardableResult
    public func publish(_ key: KeyRecord, sha256Hex: String, version: Int64) async throws -> Bool {
        let call = self.call(PublishedKey(record: key, sha256Hex: sha256Hex, version: version))
        return try await self.redis.eval(HotScripts.publishKey, keys: call.keys, arguments: call.arguments).integer != 0
    }

    private func call(_ key: PublishedKey) -> RedisScriptCall {
        RedisScriptCall(
            keys: [.text(self.keyspace.keyRecord(sha256Hex: key.sha256Hex))],
            arguments: [.integer(key.version), .text(PrincipalRecordCodec.encode(key.record))])
    }

    private static func expectNoErrors(_ replies: [RedisValue]) throws {
        for case .error(let error) in replies { throw RedisFailure.serverError(error) }
    }

    /// Publishes what concerns every request: maintenance.
    @discardableResult
    public func publish(_ system: SystemRecord) async throws -> Bool {
        let reply = try await self.redis.eval(
            HotScripts.publishSystem, keys: [.text(self.keyspace.system)],
            arguments: [.integer(system.version)] + SystemRecordCodec.encode(system).map(RedisArgument.text))
        return reply.integer == 1
    }

    // MARK: What is there

    /// Names of one server's records, step by step: begin with cursor "0" and end when it is "0" again. A name may come
    /// twice.
    public func scan(
        from cursor: String, of server: RedisConfiguration.Endpoint
    ) async throws -> (names: [Keyspace.RecordName], cursor: String) {
        let reply = try await self.redis.command(
            ["SCAN", .text(cursor), "MATCH", .text(self.keyspace.recordsPattern), "COUNT", .integer(Self.scanCount)],
            at: server)
        let parts = reply.elements ?? []
        guard parts.count == 2 else { return ([], "0") }
        let names = (parts[1].elements ?? []).compactMap(\.text).compactMap(self.keyspace.record(named:))
        return (names, parts[0].text ?? "0")
    }

    /// Redis looks at so many names in one step, and at nothing else meanwhile.
    private static let scanCount: Int64 = 512

    /// Records of keys as they are stored, each with its version; those that are gone or not understood are left out.
    public func keys(_ sha256Hex: [String]) async throws -> [String: (record: KeyRecord, version: Int64)] {
        let replies = try await self.redis.pipeline(
            sha256Hex.map { ["GET", .text(self.keyspace.keyRecord(sha256Hex: $0))] })
        var found: [String: (record: KeyRecord, version: Int64)] = [:]
        for (hash, reply) in zip(sha256Hex, replies) {
            guard let stored = reply.text, let record = PrincipalRecordCodec.key(stored) else { continue }
            found[hash] = (record, PrincipalRecordCodec.version(ofKey: stored) ?? 0)
        }
        return found
    }

    /// The status and version of orgs as they are stored; those that are gone or not understood are left out.
    public func orgs(_ ids: [String]) async throws -> [String: (status: OrgRecord.Status, version: Int64)] {
        let replies = try await self.redis.pipeline(
            ids.map { ["HMGET", .text(self.keyspace.orgRecord($0)), "status", "ver"] })
        var found: [String: (status: OrgRecord.Status, version: Int64)] = [:]
        for (id, reply) in zip(ids, replies) {
            let values = reply.elements ?? []
            guard values.count == 2, let status = values[0].text.flatMap(OrgRecord.Status.init(rawValue:)),
                let version = values[1].text.flatMap({ Int64($0) })
            else { continue }
            found[id] = (status, version)
        }
        return found
    }

    /// The version of the system's record; nil when there is none.
    public func systemVersion() async throws -> Int64? {
        try await self.redis.command("HGET", .text(self.keyspace.system), "ver").text.flatMap { Int64($0) }
    }

    /// What the edge would read of a key: nil when Redis does not know it or its org whole.
    public func principal(sha256Hex: String) async throws -> Principal? {
        let name = RedisArgument.text(self.keyspace.keyRecord(sha256Hex: sha256Hex))
        guard let orgID = try await self.redis.command("GET", name).text.flatMap(PrincipalRecordCodec.key)?.orgID else {
            return nil
        }
        // One after the other: in a cluster key and org lie on different nodes.
        let version = try await self.redis.command("GET", .text(self.keyspace.version(ofOrg: orgID)))
        let record = try await self.redis.command("HGETALL", .text(self.keyspace.orgRecord(orgID)))
        let second = try await self.redis.command("GET", name)
        guard let tag = version.text, let org = PrincipalRecordCodec.org(PrincipalRecordCodec.fields(record)),
            let key = second.text.flatMap(PrincipalRecordCodec.key), key.orgID == orgID
        else { return nil }
        return Principal(key: key, org: org, versionTag: tag)
    }
}
