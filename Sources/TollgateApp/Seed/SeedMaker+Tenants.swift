import Digests
import Domain
import PostgresClient

extension SeedMaker {
    mutating func addTenants() {
        let named = [
            ("Ada Lovelace", "ada@acme.example", 120), ("Grace Hopper", "grace@acme.example", 118),
            ("Alan Turing", "alan@acme.example", 90), ("Tim Berners", "tim@solo.example", 45),
        ]
        for (name, email, days) in named {
            self.people.append(
                Person(id: self.id("usr_", self.ago(days: days)), name: name, email: email, daysAgo: days))
        }
        self.data.add(
            "users",
            self.people.map { person in
                [
                    ("id", .text(person.id)), ("email", .text(person.email)), ("name", .text(person.name)),
                    ("created_at", self.time(daysAgo: person.daysAgo)),
                ]
            })
        self.data.add(
            "orgs",
            [self.acme, self.solo].map { team in
                [
                    ("id", .text(team.id)), ("name", .text(team.name)), ("slug", .text(team.slug)),
                    ("plan", .text(team.plan)), ("personal", .boolean(team.plan == "FREE")),
                    ("stripe_customer_id", .optional(team.plan == "FREE" ? nil : "cus_\(self.tag)")),
                    ("status", .text("active")), ("version", .integer(1)),
                    ("created_at", self.time(daysAgo: team.daysAgo)),
                ]
            })
        let seats = zip(
            self.people, [(self.acme, "OWNER"), (self.acme, "ADMIN"), (self.acme, "MEMBER"), (self.solo, "OWNER")])
        self.data.add(
            "memberships",
            seats.map { person, seat in
                [
                    ("org_id", .text(seat.0.id)), ("user_id", .text(person.id)), ("role", .text(seat.1)),
                    ("created_at", self.time(daysAgo: person.daysAgo)),
                ]
            })
    }

    mutating func addKeys() {
        let wanted: [(Team, String, Domain.Environment, Int, Bool)] = [
            (self.acme, "production", .live, 110, false), (self.acme, "batch", .live, 60, false),
            (self.acme, "continuous integration", .test, 100, false), (self.acme, "leaked", .live, 115, true),
            (self.solo, "laptop", .live, 44, false),
        ]
        var rows: [[(String, JSONValue)]] = []
        for (team, name, environment, days, isRevoked) in wanted {
            let made = self.ago(days: days)
            let id = self.id("key_", made)
            var random = self.random
            let text = self.format.generate(environment: environment) { random.byte() }
            self.random = random
            self.data.keys.append(
                .init(
                    id: id, org: team.slug, name: name, environment: environment, text: text, isRevoked: isRevoked))
            rows.append([
                ("id", .text(id)), ("org_id", .text(team.id)), ("name", .text(name)),
                ("key_hash", .text(SHA256Digest(of: text).hexText)), ("hash_algorithm", .text("sha256")),
                ("key_prefix", .text(self.format.displayPrefix(text))), ("environment", .text(environment.rawValue)),
                ("status", .text(isRevoked ? "revoked" : "active")),
                ("scopes", Self.list(["jobs:read", "jobs:write"])), ("created_at", self.time(made)),
                (
                    "last_used_at",
                    isRevoked ? .null : self.time(self.ago(days: 0, seconds: self.random.number(60...7_200)))
                ),
                ("revoked_at", isRevoked ? self.time(daysAgo: days - 3) : .null),
            ])
        }
        self.data.add("api_keys", rows)
    }

    /// A limit and a flag of the paying org's own.
    mutating func addGates() {
        self.data.add(
            "rate_limit_buckets",
            [
                [
                    ("org_id", .text(self.acme.id)), ("scope", .text("org")), ("key", .text(self.acme.id)),
                    ("limit_name", .text("requests")), ("capacity", .integer(400)), ("refill", .integer(200)),
                    ("period_ms", .integer(1_000)), ("created_at", self.time(daysAgo: 30)),
                ]
            ])
        let flags: [(String, String, JSONValue)] = [
            ("beta-models", "Models that are not for everybody yet.", .object([("ENTERPRISE", .boolean(true))])),
            (
                "priority-queue", "Jobs that overtake others.",
                .object([("PRO", .boolean(true)), ("FREE", .boolean(false))])
            ),
        ]
        self.data.add(
            "feature_flags",
            flags.map { key, description, plans in
                [
                    ("key", .text(key)), ("description", .text(description)), ("default_value", .boolean(false)),
                    ("plan_values", plans), ("created_at", self.time(daysAgo: 100)),
                    ("updated_at", self.time(daysAgo: 100)),
                ]
            })
        self.data.add(
            "feature_flag_overrides",
            [
                [
                    ("flag_key", .text("beta-models")), ("org_id", .text(self.acme.id)), ("value", .boolean(true)),
                    ("created_at", self.time(daysAgo: 20)),
                ]
            ])
    }

    /// Names what is not ours, one for each seed.
    var tag: String { "seed\(self.seed)" }
}
