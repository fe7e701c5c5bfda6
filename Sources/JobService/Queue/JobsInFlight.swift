import Synchronization

/// The jobs that this process runs at the moment, each with a way to stop it.
final class JobsInFlight: Sendable {
    /// Why a job is stopped before its end.
    enum StopReason: Sendable {
        /// Its client cancelled it.
        case cancelled
        /// Another process may run it by now.
        case leaseLost
        /// This process ends.
        case shutdown
    }

    private let stops = Mutex<[JobID: AsyncStream<StopReason>.Continuation]>([:])

    /// Notes a job; the stream gives at most one reason to stop it.
    func add(_ id: JobID) -> AsyncStream<StopReason> {
        let (stream, continuation) = AsyncStream.makeStream(of: StopReason.self, bufferingPolicy: .bufferingOldest(1))
        self.stops.withLock { $0[id] = continuation }
        return stream
    }

    /// Forgets a job that has ended.
    func remove(_ id: JobID) {
        let stop = self.stops.withLock { $0.removeValue(forKey: id) }
        stop?.finish()
    }

    /// Asks one job to stop; nothing happens if it does not run here.
    func stop(_ id: JobID, _ reason: StopReason) {
        let stop = self.stops.withLock { $0[id] }
        stop?.yield(reason)
    }

    /// Asks all jobs to stop.
    func stopAll(_ reason: StopReason) {
        let all = self.stops.withLock { Array($0.values) }
        for stop in all { stop.yield(reason) }
    }

    var ids: [JobID] { self.stops.withLock { Array($0.keys) } }
    var count: Int { self.stops.withLock { $0.count } }
}
