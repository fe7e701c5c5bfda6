/// Decides which events a client of a job's stream gets, from nothing but the states of the row that were seen.
///
/// Events are states, not a log: what a job passed through while nobody looked is left out, the latest state never is.
/// Of the events made from one state only the last carries the id (the row's sequence), so a client that lost the
/// connection between two of them gets both again.
struct JobEventSequence: Sendable {
    private var seenSequence: Int?
    private var seenStatus: JobStatus?
    private var seenAttempts: Int?
    private var seenCancelRequest = false
    private var seenProgress: JobProgress?

    /// - Parameter lastSeen: `Last-Event-ID` of a client that comes back.
    init(lastSeen: Int? = nil) { self.seenSequence = lastSeen }

    /// The events that are due; after a final status none will follow.
    mutating func observe(_ job: Job) -> [ServerSentEvent] {
        if let seenSequence, job.sequence <= seenSequence { return [] }
        var events: [ServerSentEvent] = []
        let statusIsNew =
            job.status != self.seenStatus || job.attempts != self.seenAttempts
            || job.cancelRequested != self.seenCancelRequest
        if statusIsNew && !job.status.isFinal { events.append(Self.status(job)) }
        if let progress = job.progress, progress != self.seenProgress { events.append(Self.progress(job, progress)) }
        if job.status.isFinal { events.append(Self.end(job)) }
        if !events.isEmpty { events[events.count - 1].id = job.sequence }
        self.seenSequence = job.sequence
        self.seenStatus = job.status
        self.seenAttempts = job.attempts
        self.seenCancelRequest = job.cancelRequested
        self.seenProgress = job.progress
        return events
    }

    private static func status(_ job: Job) -> ServerSentEvent {
        var data = Self.head(job)
        data["attempts"] = .integer(job.attempts)
        data["max_attempts"] = .integer(job.maxAttempts)
        if job.status == .queued { data["run_at"] = .string(Timestamp.text(unixMicroseconds: job.times.runAt)) }
        if job.cancelRequested { data["cancel_requested"] = .bool(true) }
        data["error"] = job.error
        return ServerSentEvent(id: nil, name: "status", data: .object(data))
    }

    private static func progress(_ job: Job, _ progress: JobProgress) -> ServerSentEvent {
        var data: [String: JSONValue] = ["id": .string(job.id.text)]
        data["done"] = .integer(progress.done)
        data["total"] = .integer(progress.total)
        data["message"] = progress.message.map(JSONValue.string)
        return ServerSentEvent(id: nil, name: "progress", data: .object(data))
    }

    /// The last event. Small whatever the output is, because the edge reads the usage out of it.
    private static func end(_ job: Job) -> ServerSentEvent {
        var data = Self.head(job)
        data["usage"] = job.usage ?? JobUsage.none.json
        data["error"] = job.error
        data["location"] = .string("/v1/jobs/\(job.id)")
        let name = job.status == .succeeded ? "completed" : job.status.rawValue
        return ServerSentEvent(id: nil, name: name, data: .object(data))
    }

    private static func head(_ job: Job) -> [String: JSONValue] {
        ["id": .string(job.id.text), "status": .string(job.status.rawValue)]
    }
}
