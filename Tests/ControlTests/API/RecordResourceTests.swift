import Digests
import Domain
import HotStore
import PostgresClient
import Records
import RedisClient
import TestKit
import Testing

@testable import Control

/// Usage, jobs, webhooks and money through the API.
struct RecordResourceTests {
    // MARK: Usage

    private static let hour = PostgresInstant(unixSeconds: 1_767_225_600)

    private func recordUsage(_ world: AdminWorld) async throws {
        var counters: [UsageCounter] = []
        for number in 0..<30 {
            counters.append(
                UsageCounter(
                    epoch: "e", orgID: world.org.id, apiKeyID: "key_\(number % 2)",
                    environment: number % 3 == 0 ? .test : .live, meter: number % 5 == 0 ? "jobs.big" : "requests",
                    windowStart: Self.hour.advanced(by: .seconds(3_600 * number)), added: Int64(number)))
        }
        _ = try await Usage(world.pool).record(counters)
    }

    @Test(arguments: ["hour", "day", "month"])
    func `usage in pages adds up to usage as a table`(step: String) async throws {
        try await AdminWorld.with { world in
            try await self.recordUsage(world)
            let path = "/v1/orgs/\(world.org.id)/usage"
            let period = "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&step=\(step)&by_key=true"
            var total: Int64 = 0
            var rows = 0
            var cursor = ""
            repeat {
                let page = try await world.send(
                    "GET", "\(path)?\(period)&limit=4\(cursor)", as: world.token(.member))
                #expect(page.status == 200, "\(page)")
                let sums = page.json["data"]?.elements ?? []
                total += sums.reduce(0) { $0 + ($1["quantity"]?.integer ?? 0) }
                rows += sums.count
                cursor = page.json["next_cursor"]?.text.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(total == (0..<30).reduce(0, +))
            let sheet = try await world.send("GET", "\(path).csv?\(period)", fields: ["Accept": "text/csv"])
            #expect(sheet.status == 200 && sheet.fields["content-type"]?.hasPrefix("text/csv") == true, "\(sheet)")
            let lines = sheet.text.split(separator: "\r\n")
            #expect(lines.count == rows + 1)
            #expect(lines.first == "start,environment,meter,api_key_id,quantity")
            #expect(lines.dropFirst().reduce(0) { $0 + (Int64($1.split(separator: ",").last ?? "") ?? 0) } == total)
        }
    }

    @Test func `usage is filtered by key, meter and environment; a made-up cursor is refused`() async throws {
        try await AdminWorld.with { world in
            try await self.recordUsage(world)
            let path = "/v1/orgs/\(world.org.id)/usage?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"
            let jobs = try await world.send("GET", "\(path)&meter=jobs.big&environment=test")
            #expect(jobs.json["data"]?.elements?.map { $0["quantity"]?.integer } == [15], "\(jobs)")
            let key = try await world.send("GET", "\(path)&api_key_id=key_1")
            #expect(key.json["data"]?.elements?.allSatisfy { $0["api_key_id"] == .null } == true)
            #expect(try await world.send("GET", "\(path)&cursor=nonsense").status == 404)
            #expect(try await world.send("GET", "\(path)&step=week").status == 400)
            let none = try await world.send("GET", "/v1/orgs/\(world.org.id)/usage")
            #expect(none.json["data"]?.elements?.isEmpty == true)
        }
    }

    // MARK: Idempotency keys

    @Test func `an idempotency key is found in Redis and PostgreSQL, and forgotten in both`() async throws {
        let redis = try await TestRedis.shared().connect()
        let keyspace = Keyspace(prefix: "control-\(UInt64.random(in: 0 ... .max)):")
        try await AdminWorld.with(stores: { stores in
            stores.redis = redis
            stores.keyspace = keyspace
        }) { world in
            let key = "order 4711/ä"
            let org = world.org.id
            let path = "/v1/orgs/\(org)/idempotency-keys/live/order%204711"
            #expect(try await world.send("GET", path).status == 404)
            let claim = keyspace.claimPrefix(org: org, .live, keyID: "") + SHA256Digest(of: "order!4711/x").hexText
            try await redis.command(
                "HSET", .text(claim), "s", "d", "f", "ff", "r", "req_1", "c", "201", "h", "", "b", "hello", "e",
                "9999999999999")
            let live = "/v1/orgs/\(org)/idempotency-keys/live/order!4711%2Fx"
            let found = try await world.send("GET", live, as: world.token(.member))
            #expect(found.status == 200 && found.json["live"]?["response_bytes"]?.integer == 5, "\(found) \(key)")
            #expect(found.json["durable"] == .null)
            #expect(try await world.send("DELETE", live, as: world.token(.member)).status == 403)
            #expect(try await world.send("DELETE", live, as: world.token(.admin)).status == 204)
            #expect(try await world.send("DELETE", live, as: world.token(.admin)).status == 404)
            try await redis.command(
                "HSET", .text(claim), "s", "i", "f", "ff", "r", "req_2", "o", "x", "l", "9999999999999", "e",
                "9999999999999")
            let running = try await world.send("DELETE", live)
            #expect(running.status == 409, "\(running)")
            #expect(try await world.send("GET", live).json["live"]?["state"]?.text == "running")
            #expect(try await world.send("GET", live + "?api_key_id=key_1").status == 404)
            #expect(try await AuditLog(world.pool).list(of: org).map(\.entry.action) == ["idempotency_key.expire"])
        }
        await redis.close()
    }

    // MARK: Jobs

    @Test func `jobs are listed and shown with input and output`() async throws {
        try await AdminWorld.with { world in
            for number in 0..<3 {
                try await world.pool.query(
                    """
                    INSERT INTO jobs (id, org_id, environment, type, status, input, output, finished_at)
                    VALUES (\("job_\(number)"), \(world.org.id), 'live', 'count', 'succeeded', '{"text": "a b"}',
                        '{"words": 2.5}', now())
                    """)
            }
            let path = "/v1/orgs/\(world.org.id)/jobs"
            let first = try await world.send("GET", "\(path)?limit=2&status=succeeded", as: world.token(.member))
            #expect(first.json["data"]?.elements?.map { $0["id"]?.text } == ["job_2", "job_1"], "\(first)")
            let cursor = try #require(first.json["next_cursor"]?.text)
            let last = try await world.send("GET", "\(path)?limit=2&cursor=\(cursor)")
            #expect(last.json["data"]?.elements?.map { $0["id"]?.text } == ["job_0"])
            #expect(last.json["next_cursor"] == .null)
            let job = try await world.send("GET", "\(path)/job_1")
            #expect(job.json["output"]?["words"] == .number(2.5) && job.json["input"]?["text"]?.text == "a b")
            #expect(try await world.send("GET", "\(path)?status=queued").json["data"]?.elements?.isEmpty == true)
        }
    }

    // MARK: Webhooks

    @Test func `an endpoint's secret is shown when it is made and rotated, and never again`() async throws {
        try await AdminWorld.with { world in
            let path = "/v1/orgs/\(world.org.id)/webhook-endpoints"
            let made = try await world.send(
                "POST", path, as: world.token(.admin), ["url": "https://example.com/hook", "events": ["job.failed"]])
            let secret = try #require(made.json["secret"]?.text)
            let id = try #require(made.json["id"]?.text)
            #expect(made.status == 201 && secret.hasPrefix("whsec_"))
            for answer in [
                try await world.send("GET", path), try await world.send("GET", "\(path)/\(id)"),
                try await world.send("PATCH", "\(path)/\(id)", ["enabled": false, "events": []]),
            ] {
                #expect(answer.status == 200 && !answer.text.contains(secret), "\(answer)")
            }
            let got = try await world.send("GET", "\(path)/\(id)")
            #expect(got.json["events"]?.texts == ["*"] && got.json["enabled"] == false)
            #expect(got.json["secret_hint"]?.text == "..." + secret.suffix(4))
            let stale = try await world.send(
                "PATCH", "\(path)/\(id)", ["enabled": true], fields: ["If-Match": made.etag])
            #expect(stale.status == 412)
            let rotated = try await world.send("POST", "\(path)/\(id)/rotate")
            #expect(rotated.json["secret"]?.text != secret, "\(rotated)")
            #expect(try await world.send("POST", path, ["url": "ftp://example.com"]).status == 422)
            #expect(try await world.send("DELETE", "\(path)/\(id)", fields: ["If-Match": got.etag]).status == 412)
            #expect(try await world.send("DELETE", "\(path)/\(id)").status == 204)
            #expect(try await world.send("GET", "\(path)/\(id)").status == 404)
            let log = try await AuditLog(world.pool).list(of: world.org.id)
            #expect(log.map(\.entry.action).first == "webhook_endpoint.remove")
            #expect(log.count == 4 && log.allSatisfy { !"\($0.entry)".contains(secret) })
        }
    }

    @Test func `a delivery that was given up is tried again, one that was taken is not`() async throws {
        try await AdminWorld.with { world in
            let org = "/v1/orgs/\(world.org.id)"
            let made = try await world.send("POST", "\(org)/webhook-endpoints", ["url": "https://example.com/hook"])
            let endpoint = try #require(made.json["id"]?.text)
            for (id, status) in [("whd_1", "failed"), ("whd_2", "delivered")] {
                try await world.pool.query(
                    """
                    INSERT INTO webhook_deliveries (id, endpoint_id, event_id, type, payload, status, next_attempt_at,
                        delivered_at)
                    VALUES (\(id), \(endpoint), \(id), 'job.completed', '{"a": 1}', \(status), NULL,
                        CASE \(status)::text WHEN 'delivered' THEN now() END)
                    """)
            }
            let failed = try await world.send("GET", "\(org)/webhook-deliveries?status=failed")
            #expect(failed.json["data"]?.elements?.map { $0["id"]?.text } == ["whd_1"], "\(failed)")
            let shown = try await world.send("GET", "\(org)/webhook-deliveries/whd_1", as: world.token(.member))
            #expect(shown.json["payload"]?["a"]?.integer == 1)
            let retried = try await world.send("POST", "\(org)/webhook-deliveries/whd_1/retry")
            #expect(retried.json["status"]?.text == "pending", "\(retried)")
            #expect(try await world.send("POST", "\(org)/webhook-deliveries/whd_2/retry").status == 409)
            let stranger = try await world.send(
                "POST", "/v1/orgs/\(world.other.id)/webhook-deliveries/whd_1/retry", as: world.otherOwner.token)
            #expect(stranger.status == 404)
        }
    }

    // MARK: Money

    @Test func `credits are entered once by reference, and read with a running balance`() async throws {
        try await AdminWorld.with { world in
            let path = "/v1/orgs/\(world.org.id)/credits"
            let packages = try await world.send("GET", "/v1/credit-packages", as: world.token(.member))
            #expect(packages.json["data"]?.elements?.count == 4)
            let bought = try await world.send("POST", "\(path)/purchases", ["package": "popular", "reference": "pi_1"])
            #expect(bought.status == 201 && bought.json["balance_after"]?.integer == 400, "\(bought)")
            let twice = try await world.send("POST", "\(path)/purchases", ["package": "popular", "reference": "pi_1"])
            #expect(twice.status == 409)
            #expect(
                try await world.send("POST", "\(path)/purchases", ["package": "huge", "reference": "pi_2"]).status
                    == 409)
            let spent = try await world.send(
                "POST", "\(path)/ledger", ["reason": "spend", "credits": 30, "reference": "r"])
            #expect(spent.json["delta"]?.integer == -30, "\(spent)")
            #expect(try await world.send("GET", path, as: world.token(.member)).json["balance"]?.integer == 370)
            let ledger = try await world.send("GET", "\(path)/ledger?limit=1", as: world.token(.admin))
            #expect(ledger.json["data"]?.elements?.map { $0["reason"]?.text } == ["spend"])
            let cursor = try #require(ledger.json["next_cursor"]?.text)
            let rest = try await world.send("GET", "\(path)/ledger?cursor=\(cursor)")
            #expect(rest.json["data"]?.elements?.map { $0["reason"]?.text } == ["purchase"])
            for method in ["PUT", "PATCH", "DELETE"] {
                #expect(try await world.send(method, "\(path)/ledger").status == 405)
            }
        }
    }

    @Test func `cards, invoices and events: kept by operators, read by those who may`() async throws {
        try await AdminWorld.with { world in
            let org = "/v1/orgs/\(world.org.id)"
            let card: JSON = [
                "user_id": .string(world.userID(.owner)), "stripe_payment_method_id": "pm_1",
                "stripe_customer_id": "cus_1",
                "brand": "visa", "last4": "4242", "expiry_month": 8, "expiry_year": 2030,
            ]
            let made = try await world.send("POST", "\(org)/payment-methods", card)
            #expect(made.status == 201 && made.json["is_default"] == true, "\(made)")
            let id = try #require(made.json["id"]?.text)
            #expect(try await world.send("POST", "\(org)/payment-methods", card).status == 409)
            #expect(try await world.send("POST", "\(org)/payment-methods/\(id)/default").status == 200)
            #expect(try await world.send("GET", "\(org)/payment-methods", as: world.token(.member)).status == 403)
            #expect(
                try await world.send("DELETE", "\(org)/payment-methods/\(id)", as: world.token(.admin)).status == 204)
            try await world.pool.query(
                """
                INSERT INTO invoice_shadows (stripe_invoice_id, org_id, period_start, period_end, currency, amount_due,
                    status, computed_amount, lines)
                VALUES ('in_1', \(world.org.id), now() - interval '1 month', now(), 'usd', 100, 'open', 90, '[{"a": 1}]')
                """)
            let invoices = try await world.send("GET", "\(org)/invoices", as: world.token(.admin))
            #expect(invoices.json["data"]?.elements?.map { $0["difference"]?.integer } == [10], "\(invoices)")
            #expect(try await world.send("GET", "\(org)/invoices/in_1").json["lines"]?.elements?.count == 1)
            let foreign = "/v1/orgs/\(world.other.id)/invoices/in_1"
            #expect(try await world.send("GET", foreign, as: world.otherOwner.token).status == 404)
            _ = try await StripeEvents(world.pool).receive(
                id: "evt_1", type: "invoice.paid", created: .now, payload: "{\"id\": \"evt_1\"}")
            let events = try await world.send("GET", "/v1/stripe-events?type=invoice.paid")
            #expect(events.json["data"]?.elements?.count == 1, "\(events)")
            #expect(try await world.send("GET", "/v1/stripe-events/evt_1").json["payload"]?["id"]?.text == "evt_1")
            #expect(try await world.send("GET", "/v1/stripe-events", as: world.token(.owner)).status == 403)
        }
    }
}
