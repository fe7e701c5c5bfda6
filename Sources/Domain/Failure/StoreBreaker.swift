/// Whether requests ask Redis at all. Closed: they do. After so many failures in a row it opens: every route's failure
/// policy decides at once, and nobody waits for a deadline. While open, probes that no request depends on are sent after
/// pauses that double, with jitter; the first that is answered in time closes it.
///
/// Only what a slow Redis does is counted here: a connection that is gone refuses commands by itself.
public struct StoreBreaker: Sendable, Equatable {
    public enum State: Sendable, Equatable {
        /// May go to open.
        case closed(failures: Int)
        /// May go to probing.
        case open(untilMs: Int, pauseMs: Int)
        /// A probe is under way. May go to closed, open.
        case probing(pauseMs: Int)
    }

    public private(set) var state = State.closed(failures: 0)
    /// Times it has opened; a failed probe does not count again.
    public private(set) var openings = 0
    private let failuresMax: Int
    private let pauseMinMs: Int
    private let pauseMaxMs: Int
    private var random: UInt64

    /// - Parameters:
    ///   - failuresMax: failures without an answer in between, after which it opens.
    ///   - pauseMinMs: before the first probe; doubled after each that fails, up to `pauseMaxMs`.
    ///   - seed: of the jitter, which takes up to half of a pause away.
    public init(failuresMax: Int = 3, pauseMinMs: Int = 100, pauseMaxMs: Int = 1_000, seed: UInt64) {
        self.failuresMax = max(1, failuresMax)
        self.pauseMinMs = max(1, pauseMinMs)
        self.pauseMaxMs = max(self.pauseMinMs, pauseMaxMs)
        self.random = seed
    }

    /// Whether a request may ask Redis.
    public var allowsRequests: Bool {
        if case .closed = self.state { return true }
        return false
    }

    /// A request's call was answered in time. Late evidence does not close an open breaker: its probe does.
    @inlinable
    public mutating func succeeded() {
        if case .closed(let failures) = self.state, failures > 0 { self.reset() }
    }

    @usableFromInline
    mutating func reset() { self.state = .closed(failures: 0) }

    /// A request's call was not answered in time. Returns whether this opened the breaker.
    public mutating func failed(nowMs: Int) -> Bool {
        guard case .closed(let failures) = self.state else { return false }
        guard failures + 1 >= self.failuresMax else {
            self.state = .closed(failures: failures + 1)
            return false
        }
        self.openings += 1
        self.open(nowMs: nowMs, pauseMs: self.pauseMinMs)
        return true
    }

    /// Whether a probe is due; if so it counts as sent, and one of the two methods below must follow.
    public mutating func probeDue(nowMs: Int) -> Bool {
        guard case .open(let untilMs, let pauseMs) = self.state, nowMs >= untilMs else { return false }
        self.state = .probing(pauseMs: pauseMs)
        return true
    }

    public mutating func probeSucceeded() {
        guard case .probing = self.state else { return }
        self.reset()
    }

    public mutating func probeFailed(nowMs: Int) {
        guard case .probing(let pauseMs) = self.state else { return }
        self.open(nowMs: nowMs, pauseMs: min(self.pauseMaxMs, pauseMs * 2))
    }

    private mutating func open(nowMs: Int, pauseMs: Int) {
        // SplitMix64.
        self.random &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.random
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        let jitter = Int(mixed % UInt64(pauseMs / 2 + 1))
        self.state = .open(untilMs: nowMs + pauseMs - jitter, pauseMs: pauseMs)
    }
}
