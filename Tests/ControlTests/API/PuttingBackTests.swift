import Records
import Testing

@testable import Control

/// What GET gave can be sent back with PUT or PATCH: read, change what is meant, write.
struct PuttingBackTests {
    /// They change a part of a record, or what is seen elsewhere only: nothing is read at their paths.
    private static let ofParts: Set = ["setOrgPlan", "setOrgExpiry", "setMaintenance", "setFlagOverride"]

    private static let changes = AdminAPI.operations.filter {
        ["PUT", "PATCH"].contains("\($0.method)") && !Self.ofParts.contains($0.id)
    }

    /// A record that an operation changes, with a value for as many of its members as there are.
    private struct Place {
        /// Where it is put.
        let path: String
        /// One of a list, as those that are not read alone.
        var isListed = false

        func read(_ world: AdminWorld) async throws -> (json: JSON, etag: String) {
            let answer = try await world.send("GET", self.path)
            #expect(answer.status == 200, "\(self.path): \(answer)")
            let json = self.isListed ? answer.json["data"]?.elements?.first : answer.json
            return (try #require(json, "\(self.path): \(answer)"), answer.etag)
        }
    }

    @Test func `every record that can be changed takes what was read: nothing changes but version and time`()
        async throws
    {
        try await AdminWorld.with { world in
            let places = try await Self.places(world)
            for operation in Self.changes {
                let place = try #require(places[operation.id], "\(operation.id): put a record of it into `places`")
                let read = try await place.read(world)
                let fields = read.etag.isEmpty ? [:] : ["If-Match": read.etag]
                // Twice, as a client does that lost the first answer and does not look again.
                for fields in [fields, [:]] {
                    let put = try await world.send("\(operation.method)", place.path, read.json, fields: fields)
                    #expect(put.status == 200, "\(operation.id): \(put) for \(read.json.encoded)")
                }
                let after = try await place.read(world)
                #expect(
                    after.json.without("version", "updated_at") == read.json.without("version", "updated_at"),
                    "\(operation.id)")
            }
            for operation in AdminAPI.operations where Self.ofParts.contains(operation.id) {
                let isRead = AdminAPI.operations.contains { "\($0.method)" == "GET" && $0.path == operation.path }
                #expect(!isRead, "\(operation.id)")
            }
        }
    }

    @Test func `a read-only member that differs is refused by its name, with its value; what runs is passed over`()
        async throws
    {
        try await AdminWorld.with { world in
            let places = try await Self.places(world)
            for operation in Self.changes {
                guard case .object(let shape) = operation.body else { continue }
                let place = try #require(places[operation.id])
                let read = try await place.read(world)
                #expect(shape.fields.contains { $0.writing == .asItIs }, "\(operation.id)")
                for field in shape.fields where field.writing != .free {
                    let value = try #require(read.json[field.name], "\(operation.id) \(field.name)")
                    let changed = read.json.without(field.name).with(field.name, Self.other(field.schema, than: value))
                    let answer = try await world.send("\(operation.method)", place.path, changed)
                    if field.writing == .passedOver {
                        #expect(answer.status == 200, "\(operation.id) \(field.name): \(answer)")
                        continue
                    }
                    let error = answer.json["errors"]?.elements?.first
                    #expect(answer.status == 422 && answer.json["errors"]?.elements?.count == 1, "\(answer)")
                    #expect(error?["pointer"]?.text == "/\(field.name)", "\(operation.id): \(answer)")
                    #expect(
                        error?["detail"]?.text == "is read-only here; its value is \(value.encoded)",
                        "\(operation.id): \(answer)")
                }
                let after = try await place.read(world)
                #expect(
                    after.json.without("version", "updated_at") == read.json.without("version", "updated_at"),
                    "\(operation.id)")
            }
        }
    }

    @Test func `read, one member changed, put: that member changes, a time may be written in another way`() async throws
    {
        try await AdminWorld.with { world in
            let path = "/v1/orgs/\(world.org.id)"
            let read = try await world.send("GET", path)
            let made = try #require(read.json["created_at"]?.text)
            let changed = read.json.without("name", "created_at").with("name", "Renamed")
                .with("created_at", .string(made.replacing("Z", with: "000+00:00")))
            let answer = try await world.send("PATCH", path, changed, fields: ["If-Match": read.etag])
            #expect(answer.status == 200 && answer.json["name"] == "Renamed", "\(answer)")
            #expect(answer.json.without("name", "version") == read.json.without("name", "version"))
            let typed = try await world.send("PATCH", path, ["created_at": 7])
            #expect(typed.status == 422 && typed.text.contains("read-only"), "\(typed)")
            let unknown = try await world.send("PATCH", path, ["nmae": "x"])
            #expect(unknown.text.contains("known are: name, slug\""), "\(unknown)")
        }
    }

    @Test func `a plan of the first migration becomes the records' by it; one that was removed can be put back`()
        async throws
    {
        try await AdminWorld.with { world in
            let free = try await world.send("GET", "/v1/plans/FREE")
            let put = try await world.send("PUT", "/v1/plans/FREE", free.json)
            #expect(put.status == 200 && put.json["source"] == "records", "\(put)")
            #expect(put.json.without("source") == free.json.without("source"))
            // The answer may have been lost: the same again is the same.
            let again = try await world.send("PUT", "/v1/plans/FREE", free.json)
            #expect(again.status == 200 && again.json == put.json, "\(again)")
            // A copy says its own code, or none.
            #expect(try await world.send("PUT", "/v1/plans/COPY", put.json).status == 422)
            let copy = try await world.send("PUT", "/v1/plans/COPY", put.json.without("code"))
            #expect(copy.status == 200 && copy.json["code"] == "COPY", "\(copy)")
            #expect(try await world.send("DELETE", "/v1/plans/COPY").status == 204)
            #expect(try await world.send("PUT", "/v1/plans/COPY", copy.json).json == copy.json)
        }
    }

    @Test func `an override that was read is not put as a second one; a seat's address is not changed with its role`()
        async throws
    {
        try await AdminWorld.with { world in
            let places = try await Self.places(world)
            let overrides = try #require(places["putLimitOverride"])
            let read = try await overrides.read(world).json
            let moved = read.without("limit").with("limit", "other")
            let answer = try await world.send("PUT", overrides.path, moved)
            #expect(answer.status == 422 && answer.text.contains("/id"), "\(answer)")
            #expect(try await world.send("PUT", overrides.path, moved.without("id", "created_at")).status == 200)
            let member = try #require(places["putMember"])
            let seat = try await member.read(world).json
            let other = seat.without("email").with("email", "somebody@example.com")
            let refused = try await world.send("PUT", member.path, other)
            #expect(refused.status == 409 && refused.text.contains("(email) is read-only"), "\(refused)")
            let shouted = seat.without("email").with("email", .string((seat["email"]?.text ?? "").uppercased()))
            #expect(try await world.send("PUT", member.path, shouted).status == 200)
        }
    }

    // MARK: Parts

    private static func places(_ world: AdminWorld) async throws -> [String: Place] {
        let org = "/v1/orgs/\(world.org.id)"
        func made(_ path: String, _ body: JSON) async throws -> String {
            let answer = try await world.send("POST", path, body)
            return "\(path)/\(try #require(answer.json["id"]?.text, "\(answer)"))"
        }
        func put(_ path: String, _ body: JSON) async throws -> String {
            let answer = try await world.send("PUT", path, body)
            #expect(answer.status == 200, "\(answer)")
            return path
        }
        let key = try await made(
            "\(org)/keys",
            [
                "name": "ci", "scopes": ["jobs:write", "a.b_c-d"], "expires_in_s": 3_600, "environment": "test",
                "user_id": .string(world.userID(.member)),
                "allowed_addresses": ["10.1.2.3/8", "2001:DB8::1", "::ffff:192.0.2.0/120", "::102:304", "::/0"],
            ])
        let endpoint = try await made("\(org)/webhook-endpoints", ["url": "https://example.com/a?b=c#d"])
        let plan = try await put("/v1/plans/TEAM", Self.plan)
        let flag = try await put(
            "/v1/flags/bulk", ["description": "Bulk", "default": true, "plan_values": ["PRO": true, "FREE": false]])
        let overrides = try await put(
            "\(org)/limit-overrides",
            ["scope": "key", "subject": "key_1", "limit": "requests", "capacity": 5, "refill": 1, "period_ms": 60_000])
        _ = try await put("\(org)/plan", ["plan": "TEAM"])
        _ = try await put("\(org)/expiry", ["expires_at": "2099-01-01T00:00:00Z"])
        return [
            "updateUser": Place(path: "/v1/users/\(world.userID(.owner))"), "updateOrg": Place(path: org),
            "putMember": Place(path: "\(org)/members/\(world.userID(.admin))"), "updateKey": Place(path: key),
            "putPlan": Place(path: plan), "putLimitOverride": Place(path: overrides, isListed: true),
            "putFlag": Place(path: flag), "updateWebhookEndpoint": Place(path: endpoint),
        ]
    }

    /// With the largest numbers that a configuration file may have.
    private static let plan: JSON = [
        "name": "Team", "features": ["bulk", "9.a_b-c"], "price_cents": 900, "currency": "eur",
        "limits": [
            [
                "name": "requests", "scope": "org", "capacity": 1_000_000_000_000, "refill": 1_000_000_000,
                "period_ms": 1_000,
            ],
            ["name": "cost", "scope": "key", "capacity": 10, "refill": 1, "period_ms": 31_536_000_000, "unit": "cost"],
        ],
        "quotas": [["meter": "jobs", "per_month": 9_007_199_254_740_991]],
        "concurrency": [["name": "in-flight", "scope": "key", "max": 3]],
    ]

    /// Another value that fits.
    private static func other(_ schema: Schema, than value: JSON) -> JSON {
        switch schema {
        case .orNull(let inner): value == .null ? Self.other(inner, than: .null) : .null
        case .boolean: .bool(value.bool != true)
        case .integer(let range): .integer(value.integer == range.lowerBound ? range.lowerBound + 1 : range.lowerBound)
        case .text(let rule): .string(rule.example)
        case .choice(let words): .string(words.first { .string($0) != value } ?? "")
        case .time: "2001-02-03T04:05:06Z"
        case .list, .map, .object, .anyText, .anything: "another"
        }
    }
}
