import PostgresClient

extension SeedMaker {
    /// Two endpoints, of which one has gone away: its last delivery was given up.
    mutating func addWebhooks() {
        let healthy = self.id("whe_", self.ago(days: 80))
        let gone = self.id("whe_", self.ago(days: 70))
        let owner = JSONValue.optional(self.people.first?.id)
        let endpoints: [(String, String, [String], Int, Int)] = [
            (healthy, "https://hooks.acme.example/tollgate", ["job.completed", "job.failed"], 80, 204),
            (gone, "https://old.acme.example/jobs", ["job.completed"], 70, 503),
        ]
        var rows: [[(String, JSONValue)]] = []
        for (id, url, events, days, status) in endpoints {
            rows.append([
                ("id", .text(id)), ("org_id", .text(self.acme.id)), ("user_id", owner), ("url", .text(url)),
                ("secret", .text("whsec_" + self.hex(32))), ("events", Self.list(events)), ("enabled", .boolean(true)),
                ("created_at", self.time(daysAgo: days)), ("updated_at", self.time(daysAgo: days)),
                ("last_triggered_at", self.time(self.ago(days: 0, seconds: 5_000))),
                ("last_status_code", Self.number(status)),
            ])
        }
        self.data.add("webhook_endpoints", rows)
        let deliveries = (0..<6).map { self.delivery($0, to: $0 == 5 ? gone : healthy, isTaken: $0 != 5) }
        self.data.add("webhook_deliveries", deliveries)
    }

    private mutating func delivery(_ number: Int, to endpoint: String, isTaken: Bool) -> [(String, JSONValue)] {
        let made = self.ago(days: 5 - number, seconds: self.random.number(6_000...9_000))
        let event = "evt_" + self.hex(24)
        return [
            ("id", .text(self.id("whd_", made))), ("endpoint_id", .text(endpoint)), ("event_id", .text(event)),
            ("type", .text("job.completed")),
            ("payload", .object([("id", .text(event)), ("type", .text("job.completed"))])),
            ("status", .text(isTaken ? "delivered" : "failed")), ("attempts", .integer(isTaken ? 1 : 8)),
            ("next_attempt_at", .null), ("response_status", .integer(isTaken ? 204 : 503)),
            ("response_excerpt", isTaken ? .null : .text("<h1>Service Unavailable</h1>")),
            ("created_at", self.time(made)),
            ("delivered_at", isTaken ? self.time(made.advanced(by: .seconds(1))) : .null),
        ]
    }
}
