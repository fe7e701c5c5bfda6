import HTTPTypes
import Hummingbird
import PostgresClient

/// `/v1/jobs` and what is below it.
struct JobRoutes: Sendable {
    let store: JobStore
    let hub: JobHub
    /// The types that are taken in.
    let types: [JobType]

    /// A text of the largest size fits even where each of its characters is escaped.
    static let bodyBytesMax = 6 * JobInput.textBytesMax + 65_536
    static let waitMax = Duration.seconds(30)

    func add(to router: Router<BasicRequestContext>) {
        router.resource(
            "/v1/jobs",
            [
                .post: { request, _ in try await self.submit(request) },
                .get: { request, _ in try await self.list(request) },
            ])
        router.resource(
            "/v1/jobs/:id",
            [
                .get: { request, context in try await self.show(request, try Self.id(context)) },
                .delete: { request, context in try await self.cancel(request, try Self.id(context)) },
            ])
        router.resource(
            "/v1/jobs/:id/events",
            [.get: { request, context in try await self.events(request, try Self.id(context)) }])
    }

    /// Takes a job in: 202 and its place in `Location`; with `?wait=` 200 if it ends in that time.
    private func submit(_ request: Request) async throws -> Response {
        let caller = try Caller(request.headers)
        var query = QueryReader(request)
        let wait = query.value("wait", expected: "a time up to 30s, like 5s or 500ms") { text in
            DurationText(text).flatMap { $0.duration <= Self.waitMax ? $0.duration : nil }
        }
        try query.finish()
        let body = try await request.json(bytesMax: Self.bodyBytesMax)
        let now = PostgresInstant.now.unixMicroseconds
        let (submission, problems) = JobSubmission.read(body, types: self.types, nowUnixMicroseconds: now)
        guard let submission else {
            throw Problem(.validationFailed, "The job is not valid; `errors` says where.", errors: problems)
        }
        var random = SystemRandomNumberGenerator()
        let id = JobID(unixMs: now / 1_000, random: &random)
        let watch = self.hub.watch(id)
        defer { watch.stop() }
        var job = try await self.insert(submission, id: id, caller: caller)
        if let wait { job = try await self.await(job, watch, for: wait) }
        return Self.answer(job, estimate: submission.input.estimate)
    }

    /// A connection lost at the wrong moment says nothing about the insertion, but the id makes it safe to repeat.
    private func insert(_ submission: JobSubmission, id: JobID, caller: Caller) async throws -> Job {
        do {
            return try await self.store.insert(submission, id: id, tenant: caller.tenant, apiKeyID: caller.apiKeyID)
        } catch let error as PostgresError where error.source == .connectionLost {
            return try await self.store.insert(submission, id: id, tenant: caller.tenant, apiKeyID: caller.apiKeyID)
        }
    }

    /// The job once it has ended, or as it is when the time is over.
    private func await(_ job: Job, _ watch: JobWatch, for time: Duration) async throws -> Job {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await Task.sleep(for: time)
                watch.stop()
            }
            defer { group.cancelAll() }
            var latest = job
            for await _ in watch.signals {
                latest = try await self.store.find(job.id, tenant: job.tenant) ?? latest
                if latest.status.isFinal { break }
            }
            return latest
        }
    }

    private static func answer(_ job: Job, estimate: JobUsage) -> Response {
        let units = job.status.isFinal ? job.usage?["units"]?.integer ?? 0 : estimate.units
        let headers: HTTPFields = [.location: "/v1/jobs/\(job.id)", .jobUnits: String(units)]
        return .json(job.json(.whole), status: job.status.isFinal ? .ok : .accepted, headers: headers)
    }

    private func list(_ request: Request) async throws -> Response {
        let caller = try Caller(request.headers)
        var query = QueryReader(request)
        let limit = query.integer("limit", in: 1...100) ?? 20
        let cursor = query.value("cursor", expected: "a `next_cursor` of an earlier answer") { JobID($0) }
        let statuses = JobStatus.allCases.map(\.rawValue).joined(separator: ", ")
        let status = query.value("status", expected: "one of: \(statuses)") { JobStatus(rawValue: $0) }
        try query.finish()
        // One more than shown tells whether there is a next page.
        let jobs = try await self.store.list(
            tenant: caller.tenant, status: status, after: cursor, limit: limit + 1)
        let shown = jobs.prefix(limit)
        let next = jobs.count > limit ? shown.last.map { JSONValue.string($0.id.text) } : nil
        return .json(["data": .array(shown.map { $0.json(.summary) }), "next_cursor": next ?? .null])
    }

    private func show(_ request: Request, _ id: JobID) async throws -> Response {
        .json(try await self.job(id, Caller(request.headers)).json(.whole))
    }

    /// Cancels: 200 once the job is cancelled, 202 while whoever runs it is being told.
    private func cancel(_ request: Request, _ id: JobID) async throws -> Response {
        let caller = try Caller(request.headers)
        if let job = try await self.store.cancel(id, tenant: caller.tenant) {
            return .json(job.json(.whole), status: job.status.isFinal ? .ok : .accepted)
        }
        let job = try await self.job(id, caller)
        guard job.status == .cancelled else {
            throw Problem(
                .conflict, "The job has \(job.status.rawValue) already; only an unfinished job can be cancelled.")
        }
        return .json(job.json(.whole))
    }

    /// The job's events; 204, which tells a browser to stop asking, where the client has seen the last of them.
    private func events(_ request: Request, _ id: JobID) async throws -> Response {
        let job = try await self.job(id, Caller(request.headers))
        let lastSeen = request.headers[.lastEventID].flatMap { Int($0) }
        if job.status.isFinal, let lastSeen, lastSeen >= job.sequence { return Response(status: .noContent) }
        let stream = JobEventStream(store: self.store, hub: self.hub, id: id, tenant: job.tenant, lastSeen: lastSeen)
        let headers: HTTPFields = [
            .contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no",
        ]
        return Response(status: .ok, headers: headers, body: .init { try await stream.write(to: &$0) })
    }

    private func job(_ id: JobID, _ caller: Caller) async throws -> Job {
        guard let job = try await self.store.find(id, tenant: caller.tenant) else { throw Problem.noSuchJob(id.text) }
        return job
    }

    private static func id(_ context: BasicRequestContext) throws -> JobID {
        let text = try context.parameters.require("id")
        guard let id = JobID(text) else { throw Problem.noSuchJob(text) }
        return id
    }
}
