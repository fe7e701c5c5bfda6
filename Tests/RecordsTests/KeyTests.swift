import Domain
import PostgresClient
import TestKit
import Testing

@testable import Records

@Suite struct `API keys` {
    @Test func `a key is kept as its hash and found by it`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let expiry = PostgresInstant(unixSeconds: 4_000_000_000)
        let key = try await pool.newKey(
            of: org, environment: .test, user: user.id, scopes: ["jobs:write", "a,b"], expiresAt: expiry)
        #expect(key.lineageID == key.id)
        #expect(key.status == .active)
        #expect(key.scopes == ["jobs:write", "a,b"])
        #expect(key.expiresAt == expiry)
        #expect(try await APIKeys(pool).find(hash: key.material.hash) == key)
        #expect(try await APIKeys(pool).find(key.id, of: org.id) == key)
        #expect(try await APIKeys(pool).find(key.id, of: "org_other") == nil)
        let twin = NewAPIKey(id: newID("key"), orgID: org.id, material: key.material, environment: .live)
        #expect(await refusal { try await APIKeys(pool).insert(twin) } == .taken(field: "key"))
    }

    @Test(arguments: [
        KeyMaterial(hash: "abc", prefix: "tgk_live_abc"),
        KeyMaterial(hash: String(repeating: "A", count: 64), prefix: "tgk_live_abc"),
        KeyMaterial(hash: String(repeating: "a", count: 64), algorithm: .bcrypt, prefix: "tgk_live_abc"),
        KeyMaterial(hash: String(repeating: "a", count: 64), prefix: "short"),
    ])
    func `a hash or prefix of the wrong form is refused`(material: KeyMaterial) async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let key = NewAPIKey(id: newID("key"), orgID: org.id, material: material, environment: .live)
        let rule = await refusal { try await APIKeys(pool).insert(key) }?.rule
        #expect(["api_keys_hash_form", "api_keys_key_prefix_check"].contains(rule))
    }

    @Test func `a revoked key stays revoked`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let key = try await pool.newKey(of: org)
        let other = try await pool.newKey(of: org)
        let revoked = try #require(try await APIKeys(pool).revoke(key.id, of: org.id))
        #expect(revoked.status == .revoked)
        #expect(try await APIKeys(pool).revoke(key.id, of: org.id) == revoked)
        #expect(try await APIKeys(pool).revoke(key.id, of: "org_other") == nil)
        #expect(try await APIKeys(pool).list(of: org.id).map(\.id) == [other.id])
        #expect(try await APIKeys(pool).list(of: org.id, includingRevoked: true).map(\.id) == [key.id, other.id])
        let back = await constraint {
            try await pool.query("UPDATE api_keys SET status = 'active', revoked_at = NULL WHERE id = \(key.id)")
        }
        #expect(back == "api_keys_stay_revoked")
        let half = await constraint {
            try await pool.query("UPDATE api_keys SET revoked_at = now() WHERE id = \(other.id)")
        }
        #expect(half == "api_keys_revoked")
        let moved = await constraint {
            try await pool.query("UPDATE api_keys SET environment = 'test' WHERE id = \(other.id)")
        }
        #expect(moved == "api_keys_fixed")
    }

    @Test func `rotating keeps the lineage and gives the old key its grace, once`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let first = try await pool.newKey(of: org, user: user.id, scopes: ["a"])
        let before = PostgresInstant.now
        let (second, old) = try await APIKeys(pool).rotate(
            first.id, of: org.id, to: newID("key"), newMaterial(), grace: .seconds(3600))
        #expect(second.lineageID == first.id)
        #expect(second.rotatedFrom == first.id)
        #expect(second.scopes == ["a"])
        #expect(second.userID == user.id)
        #expect(second.expiresAt == nil)
        let end = try #require(old.expiresAt)
        #expect(end > before.advanced(by: .seconds(3000)) && end < before.advanced(by: .seconds(4200)))
        let (third, _) = try await APIKeys(pool).rotate(
            second.id, of: org.id, to: newID("key"), newMaterial(), grace: .zero)
        #expect(third.lineageID == first.id)
        let again = await refusal {
            try await APIKeys(pool).rotate(first.id, of: org.id, to: newID("key"), newMaterial(), grace: .zero)
        }
        #expect(again == .taken(field: "rotated_from"))
        // The refused rotation did not shorten the old key's grace.
        #expect(try await APIKeys(pool).find(first.id, of: org.id)?.expiresAt == end)
        // A grace of nothing has ended the second key.
        let ended = await refusal {
            try await APIKeys(pool).rotate(second.id, of: org.id, to: newID("key"), newMaterial(), grace: .zero)
        }
        #expect(ended == .missing("active key \(second.id)"))
    }

    @Test func `networks of a key and the end of an org's access reach the edge`() async throws {
        let pool = try await freshRecords()
        let (user, org) = try await pool.signedUp()
        let key = try await pool.newKey(of: org, user: user.id)
        #expect(key.allowedAddresses.isEmpty)
        _ = try await drained(pool)
        let bound = try await APIKeys(pool).setAllowedAddresses(key.id, of: org.id, ["192.0.2.0/24", "::1/128"])
        #expect(bound?.allowedAddresses == ["192.0.2.0/24", "::1/128"])
        _ = try await Orgs(pool).setExpiry(PostgresInstant(unixMicroseconds: 4_000_000_000_000_000), of: org.id)
        #expect(try await drained(pool).map(\.kind) == [.key, .org])
        let record = try #require(try await EdgeRecords(pool).find(keyID: key.id))
        #expect(record.key.record.allowedAddresses == ["192.0.2.0/24", "::1/128"])
        #expect(record.org.expiresAtMs == 4_000_000_000_000)
        #expect(try await APIKeys(pool).setAllowedAddresses(key.id, of: "org_other", []) == nil)
        let rotated = try await APIKeys(pool).rotate(
            key.id, of: org.id, to: "key_next", newMaterial(), grace: .seconds(60))
        #expect(rotated.new.allowedAddresses == bound?.allowedAddresses, "a rotated key is bound as before")
        await #expect(throws: (any Error).self) {
            _ = try await APIKeys(pool).setAllowedAddresses(key.id, of: org.id, ["here"])
        }
    }

    @Test func `a longer grace never prolongs a key`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let soon = PostgresInstant.now.advanced(by: .seconds(60))
        let key = try await pool.newKey(of: org, expiresAt: soon)
        let (_, old) = try await APIKeys(pool).rotate(
            key.id, of: org.id, to: newID("key"), newMaterial(), grace: .seconds(86_400))
        #expect(old.expiresAt == soon)
    }

    @Test func `a key kept as bcrypt gets its SHA-256 once`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let bcrypt = KeyMaterial(
            hash: "$2b$10$" + String(repeating: "x", count: 53), algorithm: .bcrypt, prefix: "old_live_abc")
        let key = try await APIKeys(pool).insert(
            NewAPIKey(id: newID("key"), orgID: org.id, material: bcrypt, environment: .live))
        #expect(try await APIKeys(pool).bcryptCandidates(prefix: "old_live_abc").map(\.id) == [key.id])
        #expect(
            try await EdgeRecords(pool).bcryptCandidates(prefix: "old_live_abc").map(\.key.record.keyID) == [key.id])
        _ = try await drained(pool)
        let sha = newMaterial().hash
        #expect(try await APIKeys(pool).upgrade(key.id, sha256: sha))
        #expect(try await APIKeys(pool).upgrade(key.id, sha256: newMaterial().hash) == false)
        #expect(try await APIKeys(pool).find(hash: sha)?.material.algorithm == .sha256)
        #expect(try await APIKeys(pool).bcryptCandidates(prefix: "old_live_abc").isEmpty)
        let told = try await drained(pool)
        #expect(told.map(\.keyHash) == [sha])
        #expect(told.map(\.oldKeyHash) == [bcrypt.hash])
        let swapped = await constraint { try await pool.query("UPDATE api_keys SET key_hash = \(newMaterial().hash)") }
        #expect(swapped == "api_keys_fixed")
    }

    @Test func `last use only moves forward and concerns nobody else`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let (a, b) = (try await pool.newKey(of: org), try await pool.newKey(of: org))
        let version = try await pool.version(of: org)
        _ = try await drained(pool)
        let at = { (seconds: Int64) in PostgresInstant(unixSeconds: seconds) }
        try await APIKeys(pool).touch([
            (a.id, at(10)), (b.id, at(5)), (a.id, at(30)), (a.id, at(20)), ("key_gone", at(1)),
        ])
        try await APIKeys(pool).touch([(a.id, at(25)), (b.id, at(6))])
        try await APIKeys(pool).touch([])
        #expect(try await APIKeys(pool).list(of: org.id).map(\.lastUsedAt) == [at(30), at(6)])
        #expect(try await pool.version(of: org) == version)
        #expect(try await drained(pool).isEmpty)
    }

    @Test func `a key replaces only one of its own org and environment`() async throws {
        let pool = try await freshRecords()
        let (_, mine) = try await pool.signedUp()
        let (_, other) = try await pool.signedUp()
        let key = try await pool.newKey(of: mine)
        for (org, environment) in [(other.id, "live"), (mine.id, "test")] {
            let refused = await constraint {
                try await pool.query(
                    """
                    INSERT INTO api_keys (id, org_id, key_hash, key_prefix, environment, rotated_from)
                    VALUES (\(newID("key")), \(org), \(newMaterial().hash), 'tgk_live_abc', \(environment), \(key.id))
                    """)
            }
            #expect(refused == "api_keys_lineage")
        }
    }
}
