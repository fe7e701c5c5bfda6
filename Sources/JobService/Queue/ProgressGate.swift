import Synchronization

/// Lets a report of progress through at most every 50 ms, and the last one always: a fast job must not spend its time,
/// and the database's, on telling how fast it is.
final class ProgressGate: Sendable {
    static let pause = Duration.milliseconds(50)
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    func admits(_ progress: JobProgress, at now: ContinuousClock.Instant) -> Bool {
        self.last.withLock { last in
            if let last, progress.done < progress.total, now < last + Self.pause { return false }
            last = now
            return true
        }
    }
}
