import Domain
import HotStore
import RedisClient
import TestKit
import Testing

struct RecordTests {
    private func key(_ status: KeyRecord.Status = .active, user: String? = "user_1") -> KeyRecord {
        KeyRecord(
            keyID: "key_1", lineageID: "key_0", orgID: "org_1", userID: user, environment: .test, status: status,
            scopes: ["jobs:write", "a,b\n3:c", "", "äöü"], expiresAtMs: 1_763_700_000_123,
            allowedAddresses: ["10.0.0.0/8", "2001:db8::/32"])
    }

    private func org(_ version: Int64) -> OrgRecord {
        OrgRecord(
            orgID: "org_1", plan: "PRO", status: .suspended, featuresOn: ["exports"], featuresOff: ["beta", "x"],
            overrides: [
                LimitOverride(scope: .ip, subject: "2001:db8::1", limit: nil, capacity: 5, refill: 1, periodMs: 1_000),
                LimitOverride(scope: .key, subject: "key_1", limit: "burst", capacity: 9, refill: 2, periodMs: 60_000),
            ], grants: Self.grants, expiresAtMs: 1_900_000_000_000, version: version)
    }

    private static let grants: PlanGrants = {
        var grants = PlanGrants()
        grants.limits = [
            Limit(name: "burst", scope: .key, capacity: 20, refill: 100, periodMs: 60_000),
            Limit(name: "units", scope: .org, capacity: 200, refill: 1_000, periodMs: 60_000, unit: .cost),
        ]
        grants.quotas = [Quota(meter: "jobs", perMonth: 1_000)]
        grants.concurrency = [ConcurrencyLimit(name: "in-flight", scope: .org, max: 10)]
        grants.features = ["exports", "beta"]
        return grants
    }()

    private func publisher(_ name: String) async throws -> RecordPublisher {
        RecordPublisher(
            redis: try await TestRedis.shared().connect(),
            keyspace: Keyspace(prefix: "\(name)-\(UInt64.random(in: 0 ... .max)):"))
    }

    @Test func `records come back as they were published`() async throws {
        let publisher = try await self.publisher("records")
        #expect(try await publisher.principal(sha256Hex: "ab") == nil)
        #expect(
            try await publisher.publish(
                self.org(7), keys: [("ab", self.key()), ("cd", self.key(user: nil))], word: "w1"))
        let principal = try await publisher.principal(sha256Hex: "ab")
        #expect(principal == Principal(key: self.key(), org: self.org(7), versionTag: "7:w1"))
        #expect(try await publisher.principal(sha256Hex: "cd")?.key.userID == nil)
        await publisher.redis.close()
    }

    @Test func `a reply read in place gives the same fields as its copy`() async throws {
        let publisher = try await self.publisher("fields")
        _ = try await publisher.publish(self.org(7), keys: [("ab", self.key())], word: "w1")
        let client = try await HotClient(TestRedis.shared(), prefix: publisher.keyspace.prefix)
        let records = try await client.readRecords("ab", org: "org_1")
        #expect(records.key == self.key())
        #expect(records.org == self.org(7))
        #expect(records.tag == "7:w1")
        await client.close()
        await publisher.redis.close()
    }

    @Test func `an older publication changes nothing, a repeated one nothing new, and the word stays`() async throws {
        let publisher = try await self.publisher("order")
        _ = try await publisher.publish(self.org(7), keys: [("ab", self.key(.revoked))], word: "w1")
        #expect(try await !publisher.publish(self.org(6), keys: [("ab", self.key(.active))], word: "w2"))
        var principal = try await publisher.principal(sha256Hex: "ab")
        #expect(principal?.versionTag == "7:w1")
        #expect(principal?.key.status == .revoked, "a revoked key does not come back")
        #expect(try await publisher.publish(self.org(7), keys: [], word: "w3"))
        #expect(try await publisher.publish(self.org(10), keys: [("ab", self.key())], word: "w4"))
        principal = try await publisher.principal(sha256Hex: "ab")
        #expect(principal?.versionTag == "10:w1")
        #expect(principal?.org.version == 10)
        await publisher.redis.close()
    }

    @Test func `an admission with the tag of an older version is stale, with the new one it is decided`() async throws {
        let publisher = try await self.publisher("tags")
        let client = try await HotClient(TestRedis.shared(), prefix: publisher.keyspace.prefix)
        let plan = try Plans.simple(org: "org_1", capacity: 5)
        func outcome(_ tag: String) async throws -> AdmissionOutcome {
            try await client.admit(Plans.ask(plan, tag: tag), nowMs: Plans.nowMs).outcome
        }
        #expect(try await outcome("7:w1") == .stale)
        _ = try await publisher.publish(self.org(7), keys: [], word: "w1")
        #expect(try await outcome("7:w1") == .admitted(1))
        _ = try await publisher.publish(self.org(8), keys: [], word: "w2")
        #expect(try await outcome("7:w1") == .stale)
        #expect(try await outcome("8:w1") == .admitted(1))
        await client.close()
        await publisher.redis.close()
    }

    @Test func `a record says what its plan grants, or that it does not say; older ones do not`() {
        func fields(_ org: OrgRecord) -> [String: String] {
            let encoded = PrincipalRecordCodec.encode(org)
            return Dictionary(
                uniqueKeysWithValues: stride(from: 0, to: encoded.count, by: 2).map { (encoded[$0], encoded[$0 + 1]) })
        }
        var org = self.org(3)
        #expect(PrincipalRecordCodec.org(fields(org)) == org)
        org.grants = PlanGrants()
        #expect(PrincipalRecordCodec.org(fields(org)) == org, "a plan that grants nothing is a plan")
        org.grants = nil
        #expect(PrincipalRecordCodec.org(fields(org)) == org)
        #expect(Set(fields(org).keys) == Set(fields(self.org(3)).keys), "nothing of an older record stays behind")
        var older = fields(self.org(3))
        for name in ["limits", "quotas", "caps", "features"] { older[name] = nil }
        #expect(PrincipalRecordCodec.org(older) == org)
        for (name, value) in [("limits", "burst key 20"), ("quotas", "jobs x"), ("caps", "in-flight")] {
            var damaged = fields(self.org(3))
            damaged[name] = value
            #expect(PrincipalRecordCodec.org(damaged) == nil, "\(name) \(value)")
        }
    }

    @Test func `an org on an ordinary plan is kept by Redis in its small form`() async throws {
        let publisher = try await self.publisher("small")
        let org = OrgRecord(
            orgID: "org_01JABCDEFGHJKMNPQRSTVWXYZ0", plan: "PRO", status: .active, grants: Self.grants, version: 3)
        _ = try await publisher.publish(org, keys: [], word: "w1")
        let name = RedisArgument.text(publisher.keyspace.orgRecord(org.orgID))
        #expect(try await publisher.redis.command("OBJECT", "ENCODING", name).text == "listpack")
        #expect(try await publisher.redis.command("MEMORY", "USAGE", name).integer ?? .max < 512)
        await publisher.redis.close()
    }

    @Test func `a damaged record is none`() {
        let encoded = PrincipalRecordCodec.encode(self.key())
        let stored = "7 \(encoded)"
        #expect(PrincipalRecordCodec.key(stored) == self.key())
        for count in 0..<stored.utf8.count {
            #expect(PrincipalRecordCodec.key(String(decoding: stored.utf8.prefix(count), as: UTF8.self)) == nil)
        }
        for damaged in [encoded, " \(encoded)", "x \(encoded)", "\(stored)1:x", "\(stored) "] {
            #expect(PrincipalRecordCodec.key(damaged) == nil, "\(damaged)")
        }
        for (part, other) in [("4:test", "4:prod"), ("6:active", "6:absent"), ("13:1763700000123", "13:17637e0000123")]
        {
            let damaged = stored.replacing(part, with: other)
            #expect(damaged != stored && PrincipalRecordCodec.key(damaged) == nil, "\(damaged)")
        }
    }

    @Test func `a key's record takes little memory, whatever its scopes and networks`() async throws {
        let publisher = try await self.publisher("memory")
        var key = self.key()
        key.scopes = ["jobs:read", "jobs:write", "files:read", "files:write", "usage:read", "exports:run"]
        let digest = String(repeating: "a", count: 64)
        try await publisher.publish([PublishedKey(record: key, sha256Hex: digest, version: 7)])
        let name = RedisArgument.text(publisher.keyspace.keyRecord(sha256Hex: digest))
        let bytes = try #require(try await publisher.redis.command("MEMORY", "USAGE", name).integer)
        #expect(bytes < 512, "a hash took more than 1000")
        await publisher.redis.close()
    }

    @Test func `a record that an older Tollgate left is replaced`() async throws {
        let publisher = try await self.publisher("older")
        let name = RedisArgument.text(publisher.keyspace.keyRecord(sha256Hex: "ab"))
        try await publisher.redis.command("HSET", name, "ver", "900", "id", "key_1")
        #expect(try await publisher.publish(self.org(7), keys: [("ab", self.key())], word: "w1"))
        #expect(try await publisher.principal(sha256Hex: "ab")?.key == self.key())
        await publisher.redis.close()
    }

    @Test func `many publications in one write meet a Redis that has lost its scripts`() async throws {
        let server = try await TestRedis.start()
        let publisher = RecordPublisher(redis: try await server.connect(), keyspace: Keyspace(prefix: "many:"))
        try await publisher.publish([PublishedKey(record: self.key(), sha256Hex: "00", version: 7)])
        try await publisher.redis.command("SCRIPT", "FLUSH")
        let keys = (0..<500).map { number in
            var key = self.key()
            key.keyID = "key_\(number)"
            return PublishedKey(record: key, sha256Hex: "d\(number)", version: 7)
        }
        try await publisher.publish(keys)
        #expect(try await publisher.publish([self.org(7)]) { "w1" } == 1)
        for number in [0, 250, 499] {
            #expect(try await publisher.principal(sha256Hex: "d\(number)")?.key.keyID == "key_\(number)")
        }
        await publisher.redis.close()
    }
}
