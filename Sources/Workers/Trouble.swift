import Logging

/// A failure that may last: logged when it begins, once a minute while it goes on, and when it is over; with growing
/// pauses in between.
struct Trouble {
    private let message: Logger.Message
    private let logger: Logger
    private var failures = 0
    private var lastLogged: ContinuousClock.Instant?

    private static let pauseMaxMs = 5_000

    init(_ message: Logger.Message, logger: Logger) {
        self.message = message
        self.logger = logger
    }

    /// Logs if it is time, and pauses.
    mutating func happened(_ error: any Error) async {
        guard !(error is CancellationError), !Task.isCancelled else { return }
        self.failures += 1
        let now = ContinuousClock.now
        if self.lastLogged.map({ now - $0 > .seconds(60) }) ?? true {
            self.lastLogged = now
            self.logger.error(self.message, metadata: ["error": "\(error)", "failures": "\(self.failures)"])
        }
        let pauseMs = min(Self.pauseMaxMs, 50 << min(self.failures, 7))
        try? await Task.sleep(for: .milliseconds(pauseMs))
    }

    /// It works again, or still.
    mutating func over() {
        guard self.failures > 0 else { return }
        self.logger.notice("Works again", metadata: ["what": "\(self.message)", "failures": "\(self.failures)"])
        self.failures = 0
        self.lastLogged = nil
    }
}

/// Which kinds of a failure were logged lately: each is once a minute at most.
struct SaidLately<Kind: Hashable & Sendable>: Sendable {
    private var saidAt: [Kind: ContinuousClock.Instant] = [:]

    /// Whether this kind is to be logged now.
    mutating func isNew(_ kind: Kind) -> Bool {
        let now = ContinuousClock.now
        guard self.saidAt[kind].map({ now - $0 > .seconds(60) }) ?? true else { return false }
        self.saidAt[kind] = now
        return true
    }
}
