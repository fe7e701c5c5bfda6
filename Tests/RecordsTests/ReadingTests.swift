import Domain
import PostgresClient
import TestKit
import Testing

@testable import Records

@Suite struct `Reading what grows` {
    private let hour = PostgresInstant(unixSeconds: 1_700_000_000 / 3600 * 3600)

    @Test func `jobs are listed newest first, filtered, page by page, and never across orgs`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let (_, other) = try await pool.signedUp()
        for number in 0..<7 {
            let status = number % 2 == 0 ? "succeeded" : "queued"
            try await pool.query(
                """
                INSERT INTO jobs (id, org_id, environment, api_key_id, type, status, finished_at)
                VALUES (\("job_\(number)"), \(number == 6 ? other.id : org.id), 'live', \("key_\(number % 3)"), 'count',
                    \(status), CASE \(status)::text WHEN 'succeeded' THEN now() END)
                """)
        }
        let jobs = Jobs(pool)
        #expect(try await jobs.list(of: org.id, limit: 4).map(\.id) == ["job_5", "job_4", "job_3", "job_2"])
        #expect(try await jobs.list(of: org.id, before: "job_2").map(\.id) == ["job_1", "job_0"])
        var filter = Jobs.Filter()
        filter.status = .succeeded
        #expect(try await jobs.list(of: org.id, filter).map(\.id) == ["job_4", "job_2", "job_0"])
        filter.apiKeyID = "key_1"
        #expect(try await jobs.list(of: org.id, filter).map(\.id) == ["job_4"])
        filter.environment = .test
        #expect(try await jobs.list(of: org.id, filter).isEmpty)
        filter = Jobs.Filter()
        filter.from = .now.advanced(by: .seconds(3600))
        #expect(try await jobs.list(of: org.id, filter).isEmpty)
        filter.from = nil
        filter.until = .now.advanced(by: .seconds(3600))
        filter.type = "count"
        #expect(try await jobs.list(of: org.id, filter).count == 6)
        #expect(try await jobs.find("job_0", of: org.id)?.type == "count")
        #expect(try await jobs.find("job_0", of: other.id) == nil)
    }

    @Test(arguments: [UsageQuery.Step.hour, .day, .month], [true, false])
    func `pages of usage put together are the whole`(step: UsageQuery.Step, isByKey: Bool) async throws {
        let pool = try await freshRecords()
        var counters: [UsageCounter] = []
        for number in 0..<60 {
            counters.append(
                UsageCounter(
                    epoch: "e", orgID: "org_1", apiKeyID: "key_\(number % 3)",
                    environment: number % 5 == 0 ? .test : .live, meter: number % 2 == 0 ? "jobs" : "requests",
                    windowStart: hour.advanced(by: .seconds(3600 * 13 * number)), added: Int64(number)))
        }
        _ = try await Usage(pool).record(counters)
        var query = UsageQuery(
            orgID: "org_1", from: hour, until: hour.advanced(by: .seconds(3600 * 13 * 61)), step: step)
        query.isByKey = isByKey
        let whole = try await Usage(pool).sums(query)
        query.limit = 7
        var pages: [UsageSum] = []
        while true {
            query.after = pages.last
            let page = try await Usage(pool).sums(query)
            pages += page
            if page.count < 7 { break }
        }
        #expect(pages == whole)
        #expect(whole.reduce(0) { $0 + $1.quantity } == Int64((0..<60).reduce(0, +)))
    }

    @Test func `a durable idempotency key is found by org, environment and key, and forgotten`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        let (_, other) = try await pool.signedUp()
        try await pool.query(
            """
            INSERT INTO idempotency_keys (org_id, environment, key, fingerprint, state, response_status, response, expires_at)
            VALUES (\(org.id), 'live', encode(sha256('k'), 'hex'), \([UInt8](repeating: 7, count: 32)), 'completed', 201, 'hello',
                    now() + interval '1 day'),
                (\(org.id), 'live', encode(sha256('running'), 'hex'), \([UInt8](repeating: 7, count: 32)), 'running', NULL, NULL,
                    now() + interval '1 day')
            """)
        let keys = IdempotencyKeys(pool)
        let found = try #require(try await keys.find("k", of: org.id, .live))
        #expect((found.state, found.responseStatus, found.responseBytes) == ("completed", 201, 5))
        #expect(try await keys.find("running", of: org.id, .live)?.responseBytes == nil)
        #expect(try await keys.find("k", of: org.id, .test) == nil)
        #expect(try await keys.find("k", of: other.id, .live) == nil)
        #expect(try await !keys.expire("k", of: other.id, .live))
        #expect(try await keys.expire("k", of: org.id, .live))
        #expect(try await !keys.expire("k", of: org.id, .live))
        #expect(try await keys.find("k", of: org.id, .live) == nil)
    }
}
