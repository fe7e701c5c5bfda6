import PostgresClient
import TestKit
import Testing

@testable import JobService

@Suite struct `The queue` {
    /// A store on a new database.
    private func withStore(_ body: (JobStore) async throws -> Void) async throws {
        let pool = try await TestPostgres.shared().createDatabase().pool()
        try await JobSchema.ensure(on: pool)
        try await body(JobStore(pool: pool))
        await pool.close()
    }

    private let tenant = Tenant(orgID: "org_1", environment: "live")

    private func insert(_ store: JobStore, maxAttempts: Int = 3) async throws -> JobID {
        var random = SystemRandomNumberGenerator()
        let id = JobID(unixMs: PostgresInstant.now.unixMicroseconds / 1_000, random: &random)
        let submission = JobSubmission(
            type: .count, rawInput: ["text": "a"], input: .count(CountInput(text: "a")), maxAttempts: maxAttempts)
        _ = try await store.insert(submission, id: id, tenant: self.tenant, apiKeyID: nil)
        return id
    }

    private func claim(_ store: JobStore, owner: String, lease: Duration = .seconds(60)) async throws -> JobClaim? {
        try await store.claim(limit: 1, types: JobType.allCases, owner: owner, lease: lease).first
    }

    @Test func `four services do eight hundred jobs once each`() async throws {
        let database = try await TestPostgres.shared().createDatabase()
        func start(_ left: Int, _ services: [RunningService]) async throws {
            guard left > 0 else { return try await self.crowd(services) }
            try await RunningService.with(on: database, { $0.worker.workers = 4 }) { service in
                try await start(left - 1, services + [service])
            }
        }
        try await start(4, [])
    }

    private func crowd(_ services: [RunningService]) async throws {
        let ids = try await withThrowingTaskGroup(of: [String].self) { group in
            for (number, service) in services.enumerated() {
                group.addTask {
                    var ids: [String] = []
                    for index in 0..<200 {
                        let text = "job \(number) \(index)"
                        ids.append(try await service.submit(["type": "count", "input": ["text": .string(text)]]))
                    }
                    return ids
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(ids).count == 800)
        let pool = try services[0].database.pool()
        try await eventually("all jobs have ended") {
            try await pool.query("SELECT count(*) AS n FROM jobs WHERE finished_at IS NULL").only()["n", as: Int.self]
                == 0
        }
        let outcome = try await pool.query(
            """
            SELECT count(*) AS n, count(*) FILTER (WHERE status = 'succeeded' AND attempts = 1) AS once,
                sum((usage->>'units')::int) AS units, max((progress->>'sequence')::int) AS changes FROM jobs
            """
        ).only()
        #expect(try outcome["n", as: Int.self] == 800)
        #expect(try outcome["once", as: Int.self] == 800)
        #expect(try outcome["units", as: Int.self] == 800)
        // Claimed and ended: a job done twice would show more.
        #expect(try outcome["changes", as: Int.self] == 2)
        await pool.close()
    }

    @Test func `no more jobs run at a time than there are workers`() async throws {
        try await RunningService.with({ $0.worker.workers = 2 }) { service in
            for _ in 0..<6 {
                _ = try await service.submit(["type": "slow", "input": ["text": "a", "steps": 1, "step_ms": 60]])
            }
            let pool = try service.database.pool()
            try await eventually("all six have ended") {
                try await pool.query("SELECT count(*) AS n FROM jobs WHERE finished_at IS NULL").only()[
                    "n", as: Int.self]
                    == 0
            }
            // How many ran when each of them began.
            let most = try await pool.query(
                """
                SELECT max((SELECT count(*) FROM jobs AS other
                    WHERE other.started_at <= jobs.started_at AND other.finished_at > jobs.started_at)) AS n FROM jobs
                """
            ).only()["n", as: Int.self]
            #expect((1...2).contains(most))
            await pool.close()
        }
    }

    @Test func `a job is claimed by one, and a claim is a lease`() async throws {
        try await self.withStore { store in
            let id = try await self.insert(store)
            let first = try #require(try await self.claim(store, owner: "a"))
            #expect(first.attempt == JobAttempt(id: id, number: 1))
            #expect(try await self.claim(store, owner: "b") == nil)
            #expect(try await store.renew([id], owner: "a", lease: .seconds(60)) == [first.attempt: false])
            #expect(try await store.renew([id], owner: "b", lease: .seconds(60)) == [:])
            #expect(try await store.reap(limit: 10) == 0)
        }
    }

    @Test func `who lost the lease cannot change the job any more`() async throws {
        try await self.withStore { store in
            let id = try await self.insert(store)
            let stale = try #require(try await self.claim(store, owner: "a", lease: .zero))
            try await eventually("the lease has expired") { try await store.reap(limit: 10) == 1 }
            #expect(try await store.find(id, tenant: self.tenant)?.error?["code"] == "worker-lost")
            let fresh = try #require(try await self.claim(store, owner: "a"))
            #expect(fresh.attempt.number == 2)

            let result = CountInput(text: "a").run()
            try await store.report(JobProgress(done: 1, total: 2), of: stale)
            #expect(try await store.succeed(stale, result) == false)
            #expect(
                try await store.fail(stale, JobFailure(code: "x", message: "x", mayRetry: true), retryAfter: nil)
                    == false)
            #expect(try await store.release(stale) == false)
            #expect(try await store.confirmCancel(stale) == false)
            #expect(try await store.find(id, tenant: self.tenant)?.progress == nil)
            #expect(try await store.succeed(fresh, result))
            #expect(try await store.succeed(fresh, result) == false)
            #expect(try await store.find(id, tenant: self.tenant)?.status == .succeeded)
        }
    }

    @Test func `leases that expire use the attempts up`() async throws {
        try await self.withStore { store in
            let id = try await self.insert(store, maxAttempts: 2)
            for _ in 0..<2 {
                _ = try #require(try await self.claim(store, owner: "a", lease: .zero))
                try await eventually("the lease has expired") { try await store.reap(limit: 10) == 1 }
            }
            let job = try await store.find(id, tenant: self.tenant)
            #expect(job?.status == .failed)
            #expect(job?.attempts == 2)
            #expect(job?.times.finishedAt != nil)
            #expect(job?.usage == ["units": 0])
        }
    }

    @Test func `a job to be cancelled is not queued again`() async throws {
        try await self.withStore { store in
            let failure = JobFailure(code: "x", message: "x", mayRetry: true)
            let endings: [(JobClaim) async throws -> Void] = [
                { _ = try await store.fail($0, failure, retryAfter: .zero) }, { _ = try await store.release($0) },
                { _ in try await eventually("reaped") { try await store.reap(limit: 10) == 1 } },
            ]
            for (number, end) in endings.enumerated() {
                let id = try await self.insert(store)
                let lease: Duration = number == 2 ? .zero : .seconds(60)
                let claim = try #require(try await self.claim(store, owner: "a", lease: lease))
                _ = try await store.cancel(id, tenant: self.tenant)
                try await end(claim)
                let job = try await store.find(id, tenant: self.tenant)
                #expect(job?.status == .cancelled)
                #expect(job?.times.finishedAt != nil)
            }
        }
    }

    @Test func `giving a job back costs no attempt`() async throws {
        try await self.withStore { store in
            let id = try await self.insert(store)
            let claim = try #require(try await self.claim(store, owner: "a"))
            #expect(try await store.release(claim))
            let job = try await store.find(id, tenant: self.tenant)
            #expect(job?.status == .queued && job?.attempts == 0)
        }
    }

    @Test func `inserting twice with one id is inserting once`() async throws {
        try await self.withStore { store in
            let id = try await self.insert(store)
            let submission = JobSubmission(
                type: .count, rawInput: ["text": "b"], input: .count(CountInput(text: "b")), maxAttempts: 3)
            let again = try await store.insert(submission, id: id, tenant: self.tenant, apiKeyID: nil)
            #expect(again.input == ["text": "a"])
            await #expect(throws: PostgresError.self) {
                let stranger = Tenant(orgID: "org_2", environment: "live")
                _ = try await store.insert(submission, id: id, tenant: stranger, apiKeyID: nil)
            }
        }
    }

    @Test func `the table is made once by many at a time`() async throws {
        let database = try await TestPostgres.shared().createDatabase()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let pool = try database.pool(connectionsMax: 1)
                    try await JobSchema.ensure(on: pool)
                    await pool.close()
                }
            }
            try await group.waitForAll()
        }
    }
}
