import Synchronization

/// The attempts that this process runs at the moment, each with a way to stop it.
final class JobsInFlight: Sendable {
    /// Why an attempt is stopped before its end.
    enum StopReason: Sendable {
        /// The job's client cancelled it.
        case cancelled
        /// Another process may run the job by now.
        case leaseLost
        /// This process ends.
        case shutdown
    }

    private let stops = Mutex<[JobAttempt: AsyncStream<StopReason>.Continuation]>([:])

    /// Notes an attempt; the stream gives at most one reason to stop it.
    func add(_ attempt: JobAttempt) -> AsyncStream<StopReason> {
        let (stream, continuation) = AsyncStream.makeStream(of: StopReason.self, bufferingPolicy: .bufferingOldest(1))
        self.stops.withLock { $0[attempt] = continuation }
        return stream
    }

    /// Forgets an attempt that has ended.
    func remove(_ attempt: JobAttempt) {
        let stop = self.stops.withLock { $0.removeValue(forKey: attempt) }
        stop?.finish()
    }

    /// Asks one attempt to stop; nothing happens if it does not run here.
    func stop(_ attempt: JobAttempt, _ reason: StopReason) {
        let stop = self.stops.withLock { $0[attempt] }
        stop?.yield(reason)
    }

    /// Asks whatever runs of a job to stop.
    func stop(_ id: JobID, _ reason: StopReason) {
        let stops = self.stops.withLock { all in all.filter { $0.key.id == id }.map(\.value) }
        for stop in stops { stop.yield(reason) }
    }

    /// Asks everything to stop.
    func stopAll(_ reason: StopReason) {
        let all = self.stops.withLock { Array($0.values) }
        for stop in all { stop.yield(reason) }
    }

    var attempts: [JobAttempt] { self.stops.withLock { Array($0.keys) } }
    var count: Int { self.stops.withLock { $0.count } }
}
