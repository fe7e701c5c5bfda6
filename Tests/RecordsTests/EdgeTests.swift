import Domain
import PostgresClient
import TestKit
import Testing

@testable import Records

/// Takes everything out of the outbox.
func drained(_ pool: PostgresPool) async throws -> [OutboxEntry] {
    var all: [OutboxEntry] = []
    while try await Outbox(pool).drain(limit: 7, { all += $0 }) > 0 {}
    return all
}

@Suite struct `What the edge needs` {
    @Test func `one query gives the key, its org, overrides and features`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let (_, other) = try await pool.signedUp()
        let key = try await pool.newKey(
            of: org, user: user.id, scopes: ["a"], expiresAt: PostgresInstant(unixMicroseconds: 4_000_000_000_123_456))
        let own = LimitOverride(scope: .org, subject: org.id, limit: nil, capacity: 5, refill: 1, periodMs: 1000)
        let named = LimitOverride(
            scope: .key, subject: key.lineageID, limit: "burst", capacity: 9, refill: 2, periodMs: 60_000)
        try await RateLimitOverrides(pool).put(own, of: org.id)
        try await RateLimitOverrides(pool).put(named, of: org.id)
        try await RateLimitOverrides(pool).put(named, of: other.id)
        try await FeatureFlags(pool).put(FeatureFlag(key: "beta", defaultValue: true))
        let record = try #require(try await EdgeRecords(pool).find(keyHash: key.material.hash))
        #expect(
            record.key.record
                == KeyRecord(
                    keyID: key.id, lineageID: key.id, orgID: org.id, userID: user.id, environment: .live,
                    status: .active,
                    scopes: ["a"], expiresAtMs: 4_000_000_000_123))
        #expect(record.key.material == key.material)
        #expect(
            record.org
                == OrgRecord(
                    orgID: org.id, plan: "FREE", status: .active, featuresOn: ["beta"], overrides: [own, named],
                    grants: try await Plans(pool).find("FREE")?.plan.grants,
                    version: try await pool.version(of: org)))
        #expect(try await EdgeRecords(pool).find(keyID: key.id) == record)
        #expect(try await EdgeRecords(pool).find(keyHash: newMaterial().hash) == nil)
        #expect(try await RateLimitOverrides(pool).list(of: org.id) == [own, named])
        #expect(try await RateLimitOverrides(pool).remove(scope: .org, subject: org.id, limit: nil, of: org.id))
        #expect(
            try await RateLimitOverrides(pool).remove(scope: .org, subject: org.id, limit: nil, of: org.id) == false)
    }

    @Test func `a feature follows the org, then the plan's value, then the plan, then the default`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let flags = FeatureFlags(pool)
        var plan = try #require(try await Plans(pool).find("FREE"))
        plan.plan.features = ["granted", "granted-off", "withdrawn"]
        try await Plans(pool).put(plan)
        try await flags.put(FeatureFlag(key: "default-on", defaultValue: true))
        try await flags.put(FeatureFlag(key: "default-off"))
        try await flags.put(FeatureFlag(key: "granted"))
        try await flags.put(FeatureFlag(key: "granted-off", planValues: ["FREE": false, "PRO": true]))
        try await flags.put(FeatureFlag(key: "withdrawn"))
        try await flags.put(FeatureFlag(key: "plan-on", planValues: ["FREE": true]))
        try await flags.put(FeatureFlag(key: "own", planValues: ["FREE": false]))
        try await flags.setOverride(true, of: "own", for: org.id)
        try await flags.setOverride(false, of: "withdrawn", for: org.id)
        var seen = try #require(try await EdgeRecords(pool).orgs([org.id]).first)
        #expect(seen.featuresOn == ["default-on", "granted", "own", "plan-on"])
        #expect(seen.featuresOff == ["granted-off", "withdrawn"])
        #expect(try await flags.overrides(of: org.id) == ["own": true, "withdrawn": false])
        try await flags.setOverride(nil, of: "own", for: org.id)
        #expect(try await flags.remove("withdrawn"))
        seen = try #require(try await EdgeRecords(pool).orgs([org.id]).first)
        #expect(seen.featuresOn == ["default-on", "granted", "plan-on"])
        #expect(seen.featuresOff == ["granted-off", "own"])
        #expect(try await flags.list().first { $0.key == "granted-off" }?.planValues == ["FREE": false, "PRO": true])
        #expect(await refusal { try await flags.setOverride(true, of: "nothing", for: org.id) } == .missing("flag"))
    }

    @Test func `a scan gives every usable key of every org once`() async throws {
        let pool = try await freshRecords()
        var expected: [String: [String]] = [:]
        for number in 0..<7 {
            let (_, org) = try await pool.signedUp()
            expected[org.id] = []
            for _ in 0..<number { expected[org.id]?.append(try await pool.newKey(of: org).id) }
            let revoked = try await pool.newKey(of: org)
            _ = try await APIKeys(pool).revoke(revoked.id, of: org.id)
            _ = try await pool.newKey(of: org, expiresAt: PostgresInstant(unixSeconds: 1))
            if number == 5 { _ = try await Orgs(pool).setStatus(.suspended, of: org.id) }
            if number == 6 {
                _ = try await Orgs(pool).delete(org.id)
                expected[org.id] = nil
            }
        }
        for (orgs, keys) in [(4, 1_000), (4, 3), (1, 1), (100, 2), (3, 4)] {
            _ = try await drained(pool)
            var scan = EdgeScan(pool, orgs: orgs, keys: keys)
            var seen: [String: [String]] = [:]
            var finished: [String] = []
            while let page = try await scan.next() {
                #expect(page.keys.count <= keys && page.orgs.count <= orgs)
                for (key, version) in page.keys {
                    #expect(!finished.contains(key.record.orgID), "an org comes after all of its keys")
                    seen[key.record.orgID, default: []].append(key.record.keyID)
                    #expect(version == (try await Orgs(pool).find(key.record.orgID)?.version))
                }
                for org in page.orgs {
                    finished.append(org.orgID)
                    #expect(org.version == (try await Orgs(pool).find(org.orgID)?.version))
                }
            }
            #expect(finished == expected.keys.sorted())
            #expect(seen == expected.filter { !$1.isEmpty }, "\(orgs) orgs and \(keys) keys at a time")
        }
    }

    @Test func `a scan gives an org the version up to which everything of it has left the outbox`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let key = try await pool.newKey(of: org)
        _ = try await drained(pool)
        let published = try await pool.version(of: org)
        _ = try await APIKeys(pool).revoke(key.id, of: org.id)
        _ = try await Orgs(pool).setPlan("PRO", of: org.id)
        var scan = EdgeScan(pool)
        let page = try #require(try await scan.next())
        #expect(page.orgs.map(\.version) == [published])
        #expect(page.orgs.map(\.plan) == ["PRO"], "the record itself is as it is now")
        #expect(page.keys.isEmpty)
    }

    @Test func `every change that the edge must see raises the version and is told, nothing else does`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let key = try await pool.newKey(of: org)
        try await FeatureFlags(pool).put(FeatureFlag(key: "beta"))
        let limit = LimitOverride(scope: .org, subject: org.id, limit: nil, capacity: 5, refill: 1, periodMs: 1000)
        var plan = try #require(try await Plans(pool).find("PRO"))
        plan.plan.quotas = []
        let changes: [(String, OutboxEntry.Kind, () async throws -> Void)] = [
            ("plan of org", .org, { _ = try await Orgs(pool).setPlan("PRO", of: org.id) }),
            ("plan itself", .org, { try await Plans(pool).put(plan) }),
            ("status", .org, { _ = try await Orgs(pool).setStatus(.suspended, of: org.id) }),
            ("override", .org, { try await RateLimitOverrides(pool).put(limit, of: org.id) }),
            ("flag override", .org, { try await FeatureFlags(pool).setOverride(true, of: "beta", for: org.id) }),
            ("flag", .org, { try await FeatureFlags(pool).put(FeatureFlag(key: "beta", defaultValue: true)) }),
            ("new key", .key, { _ = try await pool.newKey(of: org) }),
            ("scopes", .key, { try await pool.query("UPDATE api_keys SET scopes = '{x}' WHERE id = \(key.id)") }),
            ("expiry", .key, { try await pool.query("UPDATE api_keys SET expires_at = now() WHERE id = \(key.id)") }),
            ("revoked", .key, { _ = try await APIKeys(pool).revoke(key.id, of: org.id) }),
        ]
        for (name, kind, change) in changes {
            _ = try await drained(pool)
            let before = try await pool.version(of: org)
            try await change()
            let told = try await drained(pool)
            #expect(try await pool.version(of: org) == before + 1, "\(name)")
            #expect(told.map(\.kind) == [kind], "\(name)")
            #expect(told.map(\.version) == [before + 1], "\(name)")
            #expect(told.map(\.orgID) == [org.id], "\(name)")
        }
        let version = try await pool.version(of: org)
        _ = try await Orgs(pool).setStatus(.suspended, of: org.id)
        _ = try await Orgs(pool).setStripeCustomer("cus_1", of: org.id)
        _ = try await APIKeys(pool).revoke(key.id, of: org.id)
        try await Plans(pool).put(plan)
        try await pool.query("UPDATE orgs SET name = 'Renamed' WHERE id = \(org.id)")
        try await Orgs(pool).setRole(.owner, of: user.id, in: org.id)
        #expect(try await pool.version(of: org) == version)
        #expect(try await drained(pool).isEmpty)
        let back = await constraint { try await pool.query("UPDATE orgs SET version = 1 WHERE id = \(org.id)") }
        #expect(back == "orgs_version")
    }

    @Test func `what goes with its org is told too`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let key = try await pool.newKey(of: org)
        _ = try await drained(pool)
        _ = try await Orgs(pool).delete(org.id)
        let deleted = try await drained(pool)
        #expect(Set(deleted.map(\.kind)) == [.org, .key])
        #expect(deleted.contains { $0.keyHash == key.material.hash })
        #expect(try await EdgeRecords(pool).find(keyHash: key.material.hash)?.org.status == .deleted)
        _ = try await Orgs(pool).erase(org.id)
        let erased = try await drained(pool)
        #expect(erased.contains { $0.kind == .org && $0.orgID == org.id })
        #expect(erased.contains { $0.kind == .key && $0.apiKeyID == key.id })
        #expect(try await EdgeRecords(pool).orgs([org.id]).isEmpty)
    }
}
