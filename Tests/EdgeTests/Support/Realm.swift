import Digests
import Domain
import HotStore
import Logging
import RedisClient
import Synchronization
import TestKit

/// What the edges of one test share: a real Redis, a prefix of their own in it, and the records published there.
final class Realm: Sendable {
    let redis: TestRedis
    let keyspace: Keyspace
    let connection: RedisConnection
    /// Where an edge finds Redis.
    let configuration: RedisConfiguration
    private static let count = Atomic<Int>(0)

    /// - Parameter redis: a server of the test's own; nil shares one with other tests.
    init(redis: TestRedis? = nil) async throws {
        if let redis { self.redis = redis } else { self.redis = try await TestRedis.shared() }
        let number = Self.count.add(1, ordering: .relaxed).newValue
        self.keyspace = Keyspace(prefix: "edge\(number):")
        self.connection = try await self.redis.connect(scripts: HotScripts.control)
        self.configuration = self.redis.configuration()
    }

    /// On a cluster. `redis` is its first node.
    init(cluster: TestRedisCluster) async throws {
        self.redis = cluster.primaries[0].server
        let number = Self.count.add(1, ordering: .relaxed).newValue
        self.keyspace = Keyspace(prefix: "edge\(number):")
        self.connection = try await cluster.connect(scripts: HotScripts.control)
        self.configuration = cluster.configuration(seeds: 1)
    }

    /// Publishes an org with one key.
    func issue(
        plan: String = "FREE", environment: Domain.Environment = .live, key: (inout KeyRecord) -> Void = { _ in },
        org: (inout OrgRecord) -> Void = { _ in }
    ) async throws -> Tenant {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        var tenant = Tenant(
            environment: environment, key: .example(number, environment), org: .example(number, plan: plan))
        key(&tenant.key)
        org(&tenant.org)
        try await self.publish(tenant)
        return tenant
    }

    /// Publishes another key of the same org.
    func issue(sharing tenant: Tenant, key: (inout KeyRecord) -> Void = { _ in }) async throws -> Tenant {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        var other = Tenant(
            environment: tenant.key.environment, key: .example(number, tenant.key.environment), org: tenant.org)
        other.key.orgID = tenant.org.orgID
        key(&other.key)
        other.org.version += 1
        try await self.publish(other)
        return other
    }

    /// Publishes the records as they are now. A change needs a higher version.
    func publish(_ tenant: Tenant) async throws {
        try await RecordPublisher(redis: self.connection, keyspace: self.keyspace).publish(
            tenant.org, keys: [(sha256Hex: tenant.sha256Hex, key: tenant.key)], word: "w\(tenant.org.orgID)")
    }

    /// What is counted for an org: net quantity by meter, over all keys, hours and epochs.
    func meters(_ tenant: Tenant) async throws -> [String: Int] {
        var sums: [String: Int] = [:]
        for counter in try await self.usage(tenant) {
            sums[counter.field.meter, default: 0] += Int(counter.field.isVoid ? -counter.value : counter.value)
        }
        return sums
    }

    /// Every counter of an org.
    func usage(_ tenant: Tenant) async throws -> [UsageCounters.Counter] {
        var counters: [UsageCounters.Counter] = []
        let usage = UsageCounters(redis: self.connection, keyspace: self.keyspace)
        for server in await self.connection.servers {
            let names = try await self.connection.command(
                ["KEYS", .text("\(self.keyspace.prefix)m:{\(tenant.org.orgID)}:*")], at: server)
            for name in (names.elements ?? []).compactMap(\.text) { counters += try await usage.counters(of: name) }
        }
        return counters
    }

    /// Waits until an org's meters read so.
    func expectMeters(_ tenant: Tenant, _ expected: [String: Int]) async throws {
        var seen: [String: Int] = [:]
        do {
            try await eventually("the meters") {
                // Redis may be on its way back.
                guard let now = try? await self.meters(tenant) else { return false }
                seen = now
                // What was never counted has no counter: that is the same as 0.
                return seen.filter { $0.value != 0 } == expected.filter { $0.value != 0 }
            }
        } catch {
            throw ConditionNotMet(description: "meters are \(seen), expected \(expected)")
        }
    }
}

/// An org with one of its keys, as published.
struct Tenant: Sendable {
    /// The key as a client presents it.
    let text: String
    let sha256Hex: String
    var key: KeyRecord
    var org: OrgRecord

    init(environment: Domain.Environment, key: KeyRecord, org: OrgRecord) {
        self.text = KeyFormat(brand: "tgk").generate(environment: environment, random: SecureRandom.byte)
        self.sha256Hex = SHA256Digest(of: self.text).hexText
        self.key = key
        self.org = org
    }

    /// Line of a request head.
    var authorization: String { "Authorization: Bearer \(self.text)\r\n" }
}

extension KeyRecord {
    static func example(_ number: Int, _ environment: Domain.Environment) -> KeyRecord {
        KeyRecord(
            keyID: "key_\(number)", lineageID: "key_\(number)", orgID: "org_\(number)", userID: "user_\(number)",
            environment: environment, status: .active, scopes: [], expiresAtMs: 0)
    }
}

extension OrgRecord {
    static func example(_ number: Int, plan: String) -> OrgRecord {
        OrgRecord(orgID: "org_\(number)", plan: plan, status: .active, version: 1)
    }
}

extension Realm {
    /// Redis's clock, Unix milliseconds.
    func nowMs() async throws -> Int {
        let parts = try await self.connection.command("TIME").elements ?? []
        guard parts.count == 2, let seconds = parts[0].integer, let micros = parts[1].integer else { return 0 }
        return Int(seconds) * 1_000 + Int(micros) / 1_000
    }

    /// Fills the buckets of an org, as time would: what Redis has forgotten is full.
    func refill(_ tenant: Tenant) async throws {
        let levels = try await self.connection.command(
            "KEYS", .text("\(self.keyspace.prefix)b:{\(tenant.org.orgID)}:*"))
        for name in (levels.elements ?? []).compactMap(\.text) {
            _ = try await self.connection.command("DEL", .text(name))
        }
    }

    /// Names of meter hashes that workers are to look at.
    func dirty() async throws -> [String] {
        let members = try await self.connection.command("SMEMBERS", .text(self.keyspace.dirty))
        return (members.elements ?? []).compactMap(\.text)
    }
}
