import Domain
import PostgresClient

extension SeedMaker {
    /// Requests, jobs and tokens of every hour of the last week, by key: more by day than by night, more on PRO.
    mutating func addUsage() {
        let hour: Int64 = 3_600_000_000
        let end = self.now.unixMicroseconds / hour * hour
        var rows: [[(String, JSONValue)]] = []
        for key in self.data.keys where !key.isRevoked {
            let team = key.org == self.acme.slug ? self.acme : self.solo
            let share = key.environment == .test ? 5 : team.plan == "PRO" ? 60 : 12
            for back in stride(from: 168, through: 1, by: -1) {
                let start = PostgresInstant(unixMicroseconds: end - Int64(back) * hour)
                let ofDay = Int(start.unixMicroseconds / hour % 24)
                let busy = (7...20).contains(ofDay) ? 4 : 1
                let requests = share * busy + self.random.number(0...share)
                let jobs = requests / 6 + self.random.number(0...3)
                for (meter, quantity) in [("requests", requests), ("jobs", jobs), ("tokens", jobs * 180 + ofDay)] {
                    rows.append([
                        ("epoch", .text(self.tag)), ("org_id", .text(team.id)), ("api_key_id", .text(key.id)),
                        ("environment", .text(key.environment.rawValue)), ("meter", .text(meter)),
                        ("window_start", self.time(start)), ("added", Self.number(quantity)),
                        ("voided", .integer(0)), ("updated_at", self.time(self.now)),
                    ])
                }
            }
        }
        self.data.add("usage_counters", rows)
    }

    /// A hundred jobs that have all ended, over the last thirty days.
    mutating func addJobs() {
        var rows: [[(String, JSONValue)]] = []
        for number in 0..<100 {
            let key = self.data.keys[number % 4 == 3 ? 4 : number % 3]
            let team = key.org == self.acme.slug ? self.acme : self.solo
            let made = self.ago(days: 29 - number * 29 / 100, seconds: self.random.number(120...80_000))
            let started = made.advanced(by: .seconds(self.random.number(0...20)))
            let finished = started.advanced(by: .seconds(self.random.number(1...90)))
            let status = number % 12 == 5 ? "failed" : number % 25 == 7 ? "cancelled" : "succeeded"
            let words = self.random.number(3...400)
            let isDone = status == "succeeded"
            rows.append([
                ("id", .text(self.id("job_", made))), ("org_id", .text(team.id)),
                ("environment", .text(key.environment.rawValue)), ("api_key_id", .text(key.id)),
                ("type", .text("count")), ("status", .text(status)),
                ("input", .object([("text", .text("document \(number)"))])),
                ("output", isDone ? .object([("words", Self.number(words))]) : .null),
                ("usage", isDone ? .object([("tokens", Self.number(words * 2))]) : .null),
                ("error", status == "failed" ? .object([("message", .text("the model did not answer"))]) : .null),
                ("attempts", .integer(status == "failed" ? 3 : 1)), ("max_attempts", .integer(3)),
                ("cancel_requested", .boolean(status == "cancelled")), ("run_at", self.time(made)),
                ("created_at", self.time(made)), ("started_at", self.time(started)),
                ("finished_at", self.time(finished)),
            ])
        }
        self.data.add("jobs", rows)
    }
}
