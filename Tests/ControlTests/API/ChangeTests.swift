import Foundation
import PostgresClient
import Records
import TestKit
import Testing

@testable import Control

/// Changes: repeated requests, versions, the audit log, concurrency.
struct ChangeTests {
    @Test func `a key is shown once, listed without itself, rotated with grace, revoked for good`() async throws {
        try await AdminWorld.with { world in
            let keys = "/v1/orgs/\(world.org.id)/keys"
            let made = try await world.send(
                "POST", keys, as: world.token(.admin), ["name": "ci", "scopes": ["jobs:write"], "environment": "test"])
            #expect(made.status == 201 && made.json["key"]?.text?.hasPrefix("tgk_test_") == true, "\(made)")
            let id = try #require(made.json["id"]?.text)
            let secret = try #require(made.json["key"]?.text)
            #expect(made.fields["location"] == "\(keys)/\(id)")
            let list = try await world.send("GET", keys, as: world.token(.member))
            #expect(list.json["data"]?.elements?.count == 1 && !list.text.contains(secret))
            let rotated = try await world.send("POST", "\(keys)/\(id)/rotate", ["grace_s": 60])
            #expect(rotated.status == 201 && rotated.json["rotated_from"]?.text == id, "\(rotated)")
            #expect(rotated.json["lineage_id"]?.text == id && rotated.json["key"]?.text != secret)
            #expect(try await world.send("POST", "\(keys)/\(id)/rotate", [:]).status == 409)
            #expect(try await world.send("DELETE", "\(keys)/\(id)").status == 204)
            #expect(try await world.send("GET", "\(keys)/\(id)").json["status"]?.text == "revoked")
            #expect(world.published.all.contains(world.org.id))
            let log = try await AuditLog(world.pool).list(of: world.org.id)
            #expect(
                log.map(\.entry.action) == ["api_key.revoke", "api_key.create", "api_key.rotate", "api_key.create"])
            #expect(log.allSatisfy { $0.entry.ip == "127.0.0.1" && $0.entry.requestID?.hasPrefix("req_") == true })
            #expect(log.last?.entry.actor == world.userID(.admin) && log.first?.entry.actor == "operator")
            #expect(log.allSatisfy { !"\($0.entry)".contains(secret) })
            #expect(try await AuditLog(world.pool).check().isEmpty)
        }
    }

    @Test func `an Idempotency-Key makes a change once: the same answer again, secret and all`() async throws {
        try await AdminWorld.with { world in
            let path = "/v1/orgs/\(world.org.id)/keys"
            let fields = ["Idempotency-Key": "once"]
            let first = try await world.send("POST", path, ["name": "a"], fields: fields)
            let again = try await world.send("POST", path, ["name": "a"], fields: ["Idempotency-Key": "\"once\""])
            #expect(first.status == 201 && again.status == 201 && again.text == first.text, "\(again)")
            #expect(again.fields["idempotent-replayed"] == "true" && first.fields["idempotent-replayed"] == nil)
            #expect(again.fields["location"] == first.fields["location"])
            let other = try await world.send("POST", path, ["name": "b"], fields: fields)
            #expect(other.status == 422 && other.code == "idempotency-key-reused", "\(other)")
            // Another token's key is another key.
            let admin = try await world.send("POST", path, as: world.token(.admin), ["name": "b"], fields: fields)
            #expect(admin.status == 201)
            let refused = try await world.send("POST", path, ["name": 7], fields: ["Idempotency-Key": "twice"])
            #expect(refused.status == 422 && refused.code == "validation-failed")
            #expect(try await world.send("POST", path, [:], fields: ["Idempotency-Key": "twice"]).status == 201)
            #expect(try await world.send("POST", path, [:], fields: ["Idempotency-Key": "a,b"]).status == 400)
            let key = try #require(first.json["key"]?.text)
            let rows = try await world.pool.query("SELECT encode(body, 'escape') AS body FROM admin_replays")
            for row in rows { #expect(!(try row["body", as: String.self].contains(key))) }
        }
    }

    @Test func `while the first request with a key runs, the second is a 409`() async throws {
        try await AdminWorld.with { world in
            let path = "/v1/orgs/\(world.org.id)/keys"
            let fields = ["Idempotency-Key": "slow"]
            // Somebody holds the org's row, so that the first request cannot end.
            try await world.pool.withTransaction { session in
                _ = try await Orgs(session).find(world.org.id, holding: true)
                async let first = world.send("POST", path, [:], fields: fields)
                try await eventually("the first request waits for the row") {
                    // Not in this session: within a transaction the view does not change.
                    try await world.pool.query(
                        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
                    ).count == 1
                }
                let second = try await world.send("POST", path, [:], fields: fields)
                #expect(second.status == 409 && second.code == "idempotency-in-progress", "\(second)")
                #expect(second.fields["retry-after"] == "1")
                try await session.query("ROLLBACK")
                #expect(try await first.status == 201)
                try await session.query("BEGIN")
            }
            #expect(try await world.send("POST", path, [:], fields: fields).fields["idempotent-replayed"] == "true")
        }
    }

    @Test func `If-Match changes the version that was read, and no other`() async throws {
        try await AdminWorld.with { world in
            let path = "/v1/orgs/\(world.org.id)"
            let read = try await world.send("GET", path)
            #expect(!read.etag.isEmpty)
            let first = try await world.send("PATCH", path, ["name": "One"], fields: ["If-Match": read.etag])
            #expect(first.status == 200 && first.etag != read.etag)
            let late = try await world.send("PATCH", path, ["name": "Two"], fields: ["If-Match": read.etag])
            #expect(late.status == 412 && late.code == "precondition-failed")
            #expect(try await world.send("GET", path).json["name"]?.text == "One")
            #expect(try await world.send("PATCH", path, ["name": "3"], fields: ["If-Match": "*"]).status == 200)
            #expect(try await world.send("PATCH", path, ["name": "4"]).status == 200)
            // A key changes the org's version, and not the org.
            let before = try await world.send("GET", path)
            _ = try await world.send("POST", "\(path)/keys", [:])
            let after = try await world.send("PATCH", path, ["name": "5"], fields: ["If-Match": before.etag])
            #expect(after.status == 200)
        }
    }

    @Test func `an org: made, renamed, moved, suspended, resumed, deleted`() async throws {
        try await AdminWorld.with { world in
            let made = try await world.send(
                "POST", "/v1/orgs", ["name": "Initech Ltd.", "owner_id": .string(world.userID(.owner))])
            #expect(made.json["slug"]?.text?.hasPrefix("initech-ltd-") == true, "\(made)")
            let path = "/v1/orgs/\(try #require(made.json["id"]?.text))"
            #expect(try await world.send("PATCH", path, ["slug": "acme"]).status == 409)
            #expect(try await world.send("PUT", "\(path)/plan", ["plan": "PRO"]).json["plan"]?.text == "PRO")
            #expect(try await world.send("PUT", "\(path)/plan", ["plan": "NONE"]).status == 409)
            #expect(try await world.send("POST", "\(path)/suspend").json["status"]?.text == "suspended")
            #expect(try await world.send("POST", "\(path)/resume").json["status"]?.text == "active")
            #expect(try await world.send("DELETE", path).status == 204)
            #expect(try await world.send("DELETE", path).status == 404)
            #expect(try await world.send("GET", path).json["status"]?.text == "deleted")
            #expect(try await world.send("GET", "/v1/orgs?slug=acme").json["data"]?.elements?.count == 1)
            #expect(
                try await world.send("GET", "/v1/orgs", as: world.otherOwner.token).json["data"]?.elements?.count == 1)
        }
    }

    @Test func `members: only an OWNER makes OWNERs, the last one stays, a new seat needs the address`() async throws {
        try await AdminWorld.with { world in
            let members = "/v1/orgs/\(world.org.id)/members"
            let (admin, member) = (world.userID(.admin), world.userID(.member))
            let asAdmin = world.token(.admin)
            #expect(try await world.send("PUT", "\(members)/\(member)", as: asAdmin, ["role": "OWNER"]).status == 403)
            #expect(try await world.send("PUT", "\(members)/\(member)", as: asAdmin, ["role": "ADMIN"]).status == 200)
            #expect(try await world.send("DELETE", "\(members)/\(world.userID(.owner))", as: asAdmin).status == 403)
            let last = try await world.send("DELETE", "\(members)/\(world.userID(.owner))", as: world.token(.owner))
            #expect(last.status == 409 && last.text.contains("OWNER"), "\(last)")
            let stranger = world.otherOwner.userID
            let guess = try await world.send("PUT", "\(members)/\(stranger)", as: asAdmin, ["role": "MEMBER"])
            #expect(guess.status == 404)
            let known = try await world.send(
                "PUT", "\(members)/\(stranger)", as: asAdmin,
                ["role": "MEMBER", "email": .string("\(stranger)@example.com")])
            #expect(known.status == 200, "\(known)")
            // Who goes, loses the token of the seat at once.
            #expect(try await world.send("DELETE", "\(members)/\(admin)", as: asAdmin).status == 204)
            #expect(try await world.send("GET", members, as: asAdmin).status == 401)
        }
    }

    @Test func `pages follow one another without gaps or doubles, whatever is added meanwhile`() async throws {
        try await AdminWorld.with { world in
            let path = "/v1/orgs/\(world.org.id)/keys"
            var made: [String] = []
            for _ in 0..<7 {
                made.append(try #require(try await world.send("POST", path, [:]).json["id"]?.text))
            }
            var seen: [String] = []
            var cursor = ""
            repeat {
                let page = try await world.send("GET", "\(path)?limit=3\(cursor)")
                seen += (page.json["data"]?.elements ?? []).compactMap { $0["id"]?.text }
                guard let next = page.json["next_cursor"]?.text else { break }
                cursor = "&cursor=\(next)"
                if seen.count == 3 {
                    made.append(try #require(try await world.send("POST", path, [:]).json["id"]?.text))
                }
            } while true
            #expect(seen == made)
        }
    }

    @Test func `200 sign-ups at once make exactly a hundred founding members`() async throws {
        try await AdminWorld.with(connectionsMax: 8) { world in
            // The world itself has signed some up.
            let before = try await world.pool.query("SELECT founding_member_count AS n FROM system_config").only()
            #expect(try before["n", as: Int.self] < 100)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        try await world.send(
                            "POST", "/v1/users", ["email": .string("founder\(number)@example.com"), "name": "F"]
                        ).status
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 201 } == 200)
            let row = try await world.pool.query(
                """
                SELECT founding_member_count AS counted, (SELECT count(founding_number) FROM users) AS given,
                    (SELECT max(founding_number)::int FROM users) AS last, total_users AS users,
                    (SELECT count(*) FROM users) AS rows FROM system_config
                """
            ).only()
            #expect(try row["counted", as: Int.self] == 100 && row["given", as: Int.self] == 100)
            #expect(try row["last", as: Int.self] == 100 && row["users", as: Int.self] == row["rows", as: Int.self])
        }
    }
}
