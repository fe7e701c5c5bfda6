/// The life of a link, without sockets and without a clock: which connection attempt is the current one, and what to do
/// when it succeeds, ends, or takes too long.
///
/// Every attempt has a generation; what an earlier one still reports (a late connect, a timer, an end that was already
/// known) is ignored or discarded. Those races are expected and dropped silently; nothing here traps.
package struct RedisLinkMachine {
    package enum State: Equatable {
        /// Not started. May go to connecting, closed.
        case idle
        /// May go to settingUp, waiting, closed.
        case connecting
        /// Connected; AUTH, SELECT, scripts are under way. May go to ready, waiting, closed.
        case settingUp
        /// May go to waiting, closed.
        case ready(sinceMs: UInt64)
        /// Between two attempts. May go to connecting, closed.
        case waiting
        /// Final.
        case closed
    }

    package private(set) var state = State.idle
    /// Of the current or latest attempt; 0 before the first.
    package private(set) var generation: UInt64 = 0
    private var backoff: ReconnectBackoff
    /// A connection that lasted so long resets the back-off. One that keeps dying at once must not.
    private let stableAfterMs: UInt64

    package init(configuration: RedisConfiguration, seed: UInt64) {
        self.backoff = ReconnectBackoff(
            delayMinMs: configuration.reconnectDelayMinMs, delayMaxMs: configuration.reconnectDelayMaxMs, seed: seed)
        self.stableAfterMs = UInt64(RedisConfiguration.bounded(configuration.reconnectDelayMaxMs))
    }

    package var isReady: Bool {
        if case .ready = self.state { return true }
        return false
    }

    package enum OnConnect: Equatable {
        case connect(generation: UInt64)
        case ignore
    }

    package mutating func start() -> OnConnect {
        guard self.state == .idle else { return .ignore }
        return self.beginAttempt()
    }

    package mutating func reconnectDue(generation: UInt64) -> OnConnect {
        guard self.state == .waiting, generation == self.generation else { return .ignore }
        return self.beginAttempt()
    }

    package enum OnConnected: Equatable {
        case setUp
        /// Nobody wants this connection any more: close it.
        case discard
    }

    package mutating func connected(generation: UInt64) -> OnConnected {
        guard self.state == .connecting, generation == self.generation else { return .discard }
        self.state = .settingUp
        return .setUp
    }

    package enum OnSetUp: Equatable {
        case becomeReady
        case ignore
    }

    package mutating func setUpFinished(generation: UInt64, nowMs: UInt64) -> OnSetUp {
        guard self.state == .settingUp, generation == self.generation else { return .ignore }
        self.state = .ready(sinceMs: nowMs)
        return .becomeReady
    }

    package enum OnEnded: Equatable {
        /// Drop the connection, fail what waits, try again later.
        case retry(afterMs: Int, wasReady: Bool)
        case ignore
    }

    /// The attempt failed, its set-up was refused, or the connection was lost.
    package mutating func ended(generation: UInt64, nowMs: UInt64) -> OnEnded {
        guard generation == self.generation else { return .ignore }
        switch self.state {
        case .connecting, .settingUp:
            self.state = .waiting
            return .retry(afterMs: self.backoff.nextDelayMs(), wasReady: false)
        case .ready(let sinceMs):
            self.state = .waiting
            if nowMs >= sinceMs, nowMs - sinceMs >= self.stableAfterMs { self.backoff.reset() }
            return .retry(afterMs: self.backoff.nextDelayMs(), wasReady: true)
        case .idle, .waiting, .closed:
            return .ignore
        }
    }

    /// The time for connecting and setting up is over. Ignored by an attempt that has succeeded.
    package mutating func attemptExpired(generation: UInt64, nowMs: UInt64) -> OnEnded {
        self.isReady ? .ignore : self.ended(generation: generation, nowMs: nowMs)
    }

    package enum OnClose: Equatable {
        case close
        case ignore
    }

    package mutating func close() -> OnClose {
        guard self.state != .closed else { return .ignore }
        self.state = .closed
        return .close
    }

    private mutating func beginAttempt() -> OnConnect {
        self.generation += 1
        self.state = .connecting
        return .connect(generation: self.generation)
    }
}
