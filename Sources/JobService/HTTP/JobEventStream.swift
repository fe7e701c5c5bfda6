import Hummingbird
import PostgresClient

/// Writes one client's event stream: looks at the row whenever a signal comes, until the job has ended, the client has
/// gone or the process ends; then without a last event, so that the client comes back with its last event id. The database may be away in between; the stream then only shows signs of life.
struct JobEventStream: Sendable {
    let store: JobStore
    let hub: JobHub
    let id: JobID
    let tenant: Tenant
    /// `Last-Event-ID`, if the client has been here before.
    let lastSeen: Int?

    @concurrent
    func write(to writer: inout any ResponseBodyWriter) async throws {
        // Watching comes before looking, so that no change falls between the two.
        let watch = self.hub.watch(self.id)
        defer { watch.stop() }
        var events = JobEventSequence(lastSeen: self.lastSeen)
        try await writer.write(ByteBuffer(string: ServerSentEvent.retry))
        if try await self.look(&events, &writer) { watch.stop() }
        for await signal in watch.signals {
            if case .tick = signal { try await writer.write(ByteBuffer(string: ServerSentEvent.keepAlive)) }
            if try await self.look(&events, &writer) { break }
        }
        try await writer.finish(nil)
    }

    /// Sends what is new.
    /// - Returns: whether the stream has come to its end.
    @concurrent
    private func look(_ events: inout JobEventSequence, _ writer: inout any ResponseBodyWriter) async throws -> Bool {
        let job: Job?
        do {
            job = try await self.store.find(self.id, tenant: self.tenant)
        } catch is PostgresError {
            return false
        }
        guard let job else { return true }
        let due = events.observe(job)
        if !due.isEmpty {
            let text = try due.map { try $0.encoded() }.joined()
            try await writer.write(ByteBuffer(string: text))
        }
        return job.status.isFinal
    }
}
