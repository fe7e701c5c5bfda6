import Domain
import HotStore
import PostgresClient
import Records
import RedisClient
import TestKit
import Testing

@testable import Control

/// Plans, limits, flags, the system and the audit log.
struct ResourceTests {
    private static let plan: JSON = [
        "name": "Team", "features": ["bulk"], "price_cents": 900,
        "limits": [["name": "requests", "scope": "org", "capacity": 10, "refill": 5, "period_ms": 1000]],
        "quotas": [["meter": "jobs", "per_month": 100]],
        "concurrency": [["name": "in-flight", "scope": "key", "max": 3]],
    ]

    @Test func `a plan is added, read, replaced by version, and removed unless somebody is on it`() async throws {
        try await AdminWorld.with { world in
            let made = try await world.send("PUT", "/v1/plans/TEAM", Self.plan)
            #expect(made.status == 200 && made.json["limits"]?.elements?.first?["unit"]?.text == "requests", "\(made)")
            #expect(try await world.send("GET", "/v1/plans/TEAM", as: world.token(.member)).json == made.json)
            #expect(try await world.send("GET", "/v1/plans").json["data"]?.elements?.count == 4)
            #expect(
                try await world.send("PUT", "/v1/plans/TEAM", ["name": "T"], fields: ["If-Match": "\"x\""]).status
                    == 412)
            #expect(
                try await world.send("PUT", "/v1/plans/TEAM", ["name": "T"], fields: ["If-Match": made.etag]).status
                    == 200)
            #expect(try await world.send("PUT", "/v1/orgs/\(world.org.id)/plan", ["plan": "TEAM"]).status == 200)
            #expect(try await world.send("DELETE", "/v1/plans/TEAM").status == 409)
            let absent = try await world.send("PUT", "/v1/plans/SPARE", ["name": "S"], fields: ["If-Match": "*"])
            #expect(absent.status == 412, "\(absent)")
            #expect(try await world.send("PUT", "/v1/plans/SPARE", ["name": "S"]).status == 200)
            let page = try await world.send("GET", "/v1/plans?limit=2&cursor=FREE")
            #expect(page.json["data"]?.elements?.compactMap { $0["code"]?.text } == ["PRO", "SPARE"], "\(page)")
            #expect(page.json["next_cursor"]?.text == "SPARE")
            #expect(
                try await world.send("PUT", "/v1/plans/SPARE", ["name": "S"], fields: ["If-Match": "*"]).status == 200)
            #expect(try await world.send("DELETE", "/v1/plans/SPARE").status == 204)
            #expect(try await world.send("GET", "/v1/plans/SPARE").status == 404)
            let fine: JSON = [
                "name": "F",
                "limits": [
                    ["name": "a", "scope": "org", "capacity": 999_999_999, "refill": 1, "period_ms": 2_678_399_999]
                ],
            ]
            #expect(try await world.send("PUT", "/v1/plans/FINE", fine).status == 422)
            for list in ["limits", "concurrency", "quotas"] {
                let entry = Self.plan[list]?.elements?.first ?? .null
                let twice = try await world.send("PUT", "/v1/plans/TWICE", ["name": "T", "\(list)": [entry, entry]])
                #expect(twice.status == 422 && twice.text.contains("/\(list)/1"), "\(twice)")
            }
        }
    }

    @Test
    func `a plan's change reaches the record that the edge reads, with a version; it is the records' from then on`()
        async throws
    {
        try await AdminWorld.with { world in
            #expect(try await world.send("GET", "/v1/plans/FREE").json["source"]?.text == "default")
            let before = try #require(try await EdgeRecords(world.pool).orgs([world.org.id]).first)
            let put = try await world.send("PUT", "/v1/plans/FREE", Self.plan)
            #expect(put.status == 200 && put.json["source"]?.text == "records", "\(put)")
            let after = try #require(try await EdgeRecords(world.pool).orgs([world.org.id]).first)
            #expect(after.version > before.version)
            #expect(after.grants == (try await Plans(world.pool).find("FREE"))?.plan.grants)
            #expect(after.grants?.limits.map(\.capacity) == [10] && after.grants?.features == ["bulk"])
            #expect(world.published.all.contains("*"))
            let waiting = try await Outbox(world.pool).waiting(for: [world.org.id])
            #expect(waiting.contains { $0.version == after.version })
        }
    }

    @Test func `flags: the org's value, then the plan's, then the plan's features, then the default`() async throws {
        try await AdminWorld.with { world in
            let flags = "/v1/orgs/\(world.org.id)/flags"
            func decision() async throws -> [String] {
                let list = try await world.send("GET", flags, as: world.token(.member))
                let flag = list.json["data"]?.elements?.first
                return [flag?["value"]?.bool == true ? "on" : "off", flag?["reason"]?.text ?? ""]
            }
            #expect(try await world.send("PUT", "/v1/flags/bulk", ["description": "Bulk"]).status == 200)
            #expect(try await decision() == ["off", "default"])
            _ = try await world.send("PUT", "/v1/plans/TEAM", Self.plan)
            _ = try await world.send("PUT", "/v1/orgs/\(world.org.id)/plan", ["plan": "TEAM"])
            #expect(try await decision() == ["on", "plan_feature"])
            _ = try await world.send("PUT", "/v1/flags/bulk", ["plan_values": ["TEAM": false]])
            #expect(try await decision() == ["off", "plan_value"])
            #expect(try await world.send("PUT", "\(flags)/bulk", ["value": true]).status == 200)
            #expect(try await decision() == ["on", "org_override"])
            // The edge is told the same.
            let edge = try await EdgeRecords(world.pool).orgs([world.org.id]).first
            #expect(edge?.featuresOn == ["bulk"] && edge?.featuresOff == [])
            #expect(try await world.send("DELETE", "\(flags)/bulk").status == 204)
            #expect(try await world.send("DELETE", "\(flags)/bulk").status == 404)
            #expect(try await world.send("PUT", "\(flags)/none", ["value": true]).status == 404)
            #expect(try await world.send("DELETE", "/v1/flags/bulk").status == 204)
        }
    }

    @Test func `overrides are set by scope, subject and limit, and raise the org's version`() async throws {
        try await AdminWorld.with { world in
            let path = "/v1/orgs/\(world.org.id)/limit-overrides"
            let before = try await world.send("GET", "/v1/orgs/\(world.org.id)").json["version"]?.integer ?? 0
            let body: JSON = ["scope": "org", "limit": "requests", "capacity": 5, "refill": 1]
            let made = try await world.send("PUT", path, body)
            #expect(made.json["subject"]?.text == world.org.id && made.json["period_ms"]?.integer == 1_000, "\(made)")
            let again = try await world.send(
                "PUT", path, ["scope": "org", "limit": "requests", "capacity": 9, "refill": 1])
            #expect(again.json["id"] == made.json["id"] && again.json["capacity"]?.integer == 9)
            let after = try await world.send("GET", "/v1/orgs/\(world.org.id)").json["version"]?.integer ?? 0
            #expect(after > before)
            #expect(try await world.send("PUT", path, ["scope": "key", "capacity": 1, "refill": 1]).status == 409)
            #expect(try await world.send("GET", path, as: world.token(.member)).json["data"]?.elements?.count == 1)
            let id = try #require(made.json["id"]?.text)
            #expect(try await world.send("DELETE", "/v1/orgs/\(world.other.id)/limit-overrides/\(id)").status == 404)
            #expect(try await world.send("DELETE", "\(path)/\(id)").status == 204)
            #expect(try await world.send("DELETE", "\(path)/\(id)").status == 404)
        }
    }

    @Test func `maintenance is switched with its networks, and what is no network is refused`() async throws {
        try await AdminWorld.with { world in
            let path = "/v1/system/maintenance"
            let on = try await world.send("PUT", path, ["enabled": true, "allowed": ["192.0.2.0/24", "2001:db8::1"]])
            #expect(on.status == 200 && on.json["maintenance"]?.bool == true, "\(on)")
            #expect(on.json["maintenance_allowed"]?.elements?.count == 2)
            #expect(on.json["maintenance_expected_end"] == .null)
            let ending = try await world.send(
                "PUT", path, ["enabled": true, "expected_end": "2030-01-01T00:00:00+01:00"],
                fields: ["If-Match": on.etag])
            #expect(ending.json["maintenance_expected_end"]?.text == "2029-12-31T23:00:00.000Z", "\(ending)")
            let off = try await world.send("PUT", path, ["enabled": false])
            #expect(off.json["maintenance_expected_end"] == .null)
            #expect(off.json["maintenance"]?.bool == false && off.json["maintenance_allowed"]?.elements?.count == 2)
            for text in ["192.0.2.1/33", "1.2.3", "::1/129", "1.2.3.4/", "1.2.3.4/+8", "1.2.3.4/08", ":::"] {
                let wrong = try await world.send("PUT", path, ["enabled": true, "allowed": [.string(text)]])
                #expect(wrong.status == 422, "\(text): \(wrong)")
            }
            let key = try await world.send(
                "POST", "/v1/orgs/\(world.org.id)/keys", ["allowed_addresses": ["10.1.2.3/8"]])
            let kept = key.json["allowed_addresses"]?.texts
            #expect(kept == ["10.0.0.0/8"], "bits beyond the length are cleared: \(key)")
        }
    }

    @Test func `every change is in the audit log, filtered by what one asks; a row that is changed is found`()
        async throws
    {
        try await AdminWorld.with { world in
            _ = try await world.send("PATCH", "/v1/orgs/\(world.org.id)", as: world.token(.admin), ["name": "New"])
            _ = try await world.send("PUT", "/v1/flags/x", [:])
            let all = try await world.send("GET", "/v1/audit")
            #expect(all.json["data"]?.elements?.compactMap { $0["action"]?.text } == ["flag.put", "org.update"])
            let entry = try #require(all.json["data"]?.elements?.last)
            #expect(entry["actor"]?.text == world.userID(.admin) && entry["ip"]?.text == "127.0.0.1")
            #expect(entry["before"]?["name"]?.text == "acme" && entry["after"]?["name"]?.text == "New")
            let own = try await world.send(
                "GET", "/v1/orgs/\(world.org.id)/audit?action=org.update", as: world.token(.admin))
            #expect(own.json["data"]?.elements?.count == 1)
            let none = try await world.send("GET", "/v1/audit?from=2999-01-01T00:00:00%2B02:00&to=9999-12-31T23:59:60Z")
            #expect(none.json["data"]?.elements?.isEmpty == true, "\(none)")
            #expect(try await world.send("GET", "/v1/audit/verification").json["intact"]?.bool == true)
            try await world.pool.query(
                """
                DO $$ BEGIN
                    SET LOCAL session_replication_role = 'replica';
                    UPDATE audit_log SET actor = 'nobody' WHERE seq = 1;
                END $$
                """)
            let tampered = try await world.send("GET", "/v1/audit/verification")
            #expect(tampered.json["intact"]?.bool == false, "\(tampered)")
            #expect(tampered.json["problems"]?.elements?.first?["sequence"]?.integer == 1)
        }
    }

    @Test func `a user is signed up with an org, read by themselves only, and takes it with them`() async throws {
        try await AdminWorld.with { world in
            let made = try await world.send("POST", "/v1/users", ["email": "ada@example.com", "name": "Ada"])
            #expect(made.status == 201, "\(made)")
            let id = try #require(made.json["user"]?["id"]?.text)
            let org = try #require(made.json["org"]?["id"]?.text)
            #expect(try await world.send("POST", "/v1/users", ["email": "ADA@example.com"]).status == 409)
            #expect(
                try await world.send("GET", "/v1/users?email=Ada@Example.com").json["data"]?.elements?.count == 1)
            let token = try await world.send("POST", "/v1/orgs/\(org)/tokens", ["user_id": .string(id)])
            let own = try #require(token.json["token"]?.text)
            let renamed = try await world.send("PATCH", "/v1/users/\(id)", as: own, ["name": "Countess"])
            #expect(renamed.json["name"]?.text == "Countess", "\(renamed)")
            #expect(try await world.send("GET", "/v1/users/\(world.userID(.owner))", as: own).status == 404)
            #expect(try await world.send("DELETE", "/v1/users/\(world.userID(.owner))").status == 409)
            #expect(try await world.send("DELETE", "/v1/users/\(id)", as: own).status == 204)
            #expect(try await world.send("GET", "/v1/whoami", as: own).status == 401)
            #expect(try await world.send("GET", "/v1/orgs/\(org)").json["status"]?.text == "deleted")
        }
    }
}
