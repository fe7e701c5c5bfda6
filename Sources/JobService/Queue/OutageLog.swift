import Logging
import Synchronization

/// Says once that something is away, and once that it is back, however often it is tried in between.
final class OutageLog: Sendable {
    private let what: String
    private let logger: Logger
    private let isAway = Mutex(false)

    /// - Parameter what: completes "cannot …".
    init(_ what: String, logger: Logger) {
        self.what = what
        self.logger = logger
    }

    func failed(_ error: any Error) {
        let isNew = self.isAway.withLock { isAway in
            defer { isAway = true }
            return !isAway
        }
        self.logger.log(
            level: isNew ? .warning : .debug, "cannot \(self.what), trying again until it works",
            metadata: ["error": "\(error)"])
    }

    func worked() {
        let wasAway = self.isAway.withLock { isAway in
            defer { isAway = false }
            return isAway
        }
        if wasAway { self.logger.notice("can \(self.what) again") }
    }
}
