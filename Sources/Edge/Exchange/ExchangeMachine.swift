package import Domain

/// Why a forwarded request has no complete answer.
package enum UpstreamFailure: Equatable {
    /// Refused, unreachable, or closed before a byte was written.
    case connectFailed
    case connectTimeout
    /// No connection came free, or the queue was full, or no endpoint is healthy.
    case unavailable
    /// Closed after a byte was written and before the head.
    case lost
    case headTimeout
    /// The upstream guarantees that it has not processed the request (HTTP/2 `REFUSED_STREAM`, or a GOAWAY that names an
    /// earlier stream: RFC 9113 §8.7).
    case notProcessed
    /// An answer that is not HTTP.
    case protocolError
    /// Closed, silent or malformed after the head.
    case truncated

    /// What the client is told while no head has been sent.
    package var problem: ProblemCode {
        switch self {
        case .connectFailed: .upstreamConnectFailed
        case .connectTimeout: .upstreamConnectTimeout
        case .unavailable: .upstreamUnavailable
        case .lost: .upstreamConnectionLost
        case .headTimeout: .upstreamTimeout
        case .notProcessed: .upstreamUnavailable
        case .protocolError: .upstreamProtocolError
        case .truncated: .upstreamTruncated
        }
    }

    /// Whether the upstream cannot have begun to execute the request.
    package var nothingSent: Bool {
        switch self {
        case .connectFailed, .connectTimeout, .unavailable, .notProcessed: true
        case .lost, .headTimeout, .protocolError, .truncated: false
        }
    }
}

/// What becomes of a claimed idempotency key (STANDARDS §1, table a–o).
package enum KeyOutcome: Equatable {
    /// The request carried no key.
    case none
    /// The answer is kept and replayed.
    case store
    /// The key is free again: the request was not executed.
    case release
    /// The gateway's own answer to an ambiguous outcome is kept and replayed.
    case storeProblem(ProblemCode)
    /// Too large, or not seen whole: kept as "done, cannot be replayed".
    case unreplayable
}

/// Whether what was counted at admission stands.
package enum MeterOutcome: Equatable { case count, void }

/// The life of one admitted request, without its bytes: which failures are retried, what the client is told, what
/// becomes of key, meters and both connections. Events in, actions out; no case traps, a late event is ignored.
package struct ExchangeMachine {
    /// What the rules below need to know of route and request.
    package struct Terms: Equatable {
        package var keyed = false
        /// Idempotent method without a body, or one that is wholly held (RFC 9110 §9.2.2).
        package var resendable = false
        /// The whole request is at hand, whatever its method: it can be written again.
        package var isWhole = false
        package var upstreamIdempotent = false
        package var releasesOn5xx = false
        /// Endpoints that one request may try when no byte has been written.
        package var attemptsMax = 2

        package init(
            keyed: Bool = false, resendable: Bool = false, upstreamIdempotent: Bool = false,
            releasesOn5xx: Bool = false, isWhole: Bool = false, attemptsMax: Int = 2
        ) {
            self.keyed = keyed
            self.resendable = resendable
            self.upstreamIdempotent = upstreamIdempotent
            self.releasesOn5xx = releasesOn5xx
            self.isWhole = isWhole
            self.attemptsMax = attemptsMax
        }
    }

    package enum Phase: Equatable {
        case idle
        /// Waits for the rest of a keyed body, the principal or the decision.
        case deciding
        /// Waits for an upstream connection.
        case leasing
        /// The head has been written, no answer yet.
        case sent
        case streaming
        case finished
    }

    package enum OnFailure: Equatable {
        case ignore
        /// Lease another connection and send again.
        case retry
        /// No head was sent: answer with the problem.
        case answer(ProblemCode, key: KeyOutcome)
        /// The head was sent: end the answer visibly broken.
        case abort(key: KeyOutcome)
        /// The client is gone too: only settle.
        case settle(key: KeyOutcome)
    }

    package enum OnClientGone: Equatable {
        case ignore
        /// Nothing was sent upstream: forget the request; `lease` is to be given up if one is awaited.
        case drop(key: KeyOutcome)
        /// Close the upstream connection; what was delivered is metered.
        case cancel
        /// Keep reading the upstream to its end, then settle.
        case drain
    }

    package struct Settlement: Equatable {
        package var key: KeyOutcome
        package var meter: MeterOutcome

        package init(key: KeyOutcome, meter: MeterOutcome) {
            self.key = key
            self.meter = meter
        }
    }

    package private(set) var phase = Phase.idle
    package private(set) var terms = Terms()
    package private(set) var attempts = 0
    package private(set) var clientGone = false
    package private(set) var status = 0
    /// Whether a request that had been written was written again.
    private var wasResent = false

    package init() {}

    package mutating func begin(_ terms: Terms) {
        self = ExchangeMachine()
        self.phase = .deciding
        self.terms = terms
    }

    /// Admitted: a connection is wanted.
    package mutating func admitted() {
        guard self.phase == .deciding else { return }
        self.phase = .leasing
        self.attempts = 1
    }

    /// The first request byte has been handed to a connection.
    package mutating func sent() {
        guard self.phase == .leasing else { return }
        self.phase = .sent
    }

    /// The final (not 1xx) answer's head. False when nobody waits for it: the peer spoke before being asked.
    package mutating func headReceived(status: Int) -> Bool {
        guard self.phase == .sent else { return false }
        self.phase = .streaming
        self.status = status
        return true
    }

    /// The answer is complete. `replayable` is false when it outgrew the cap.
    package mutating func completed(replayable: Bool) -> Settlement {
        self.phase = .finished
        return Settlement(key: self.keyOutcome(replayable: replayable), meter: .count)
    }

    /// The gateway answered by itself before anything was sent.
    package mutating func refused() { self.phase = .finished }

    package mutating func failed(_ failure: UpstreamFailure) -> OnFailure {
        switch self.phase {
        case .idle, .finished, .deciding:
            return .ignore
        case .leasing, .sent:
            if self.mayRetry(failure) {
                self.attempts += 1
                if self.phase == .sent { self.wasResent = true }
                self.phase = .leasing
                return .retry
            }
            self.phase = .finished
            let key = self.keyOutcome(failure)
            return self.clientGone ? .settle(key: key) : .answer(failure.problem, key: key)
        case .streaming:
            self.phase = .finished
            let key = self.keyOutcome(.truncated)
            return self.clientGone ? .settle(key: key) : .abort(key: key)
        }
    }

    /// A drained exchange has had its time (rows e and k).
    package mutating func detachedTimedOut() -> OnFailure {
        guard self.phase == .streaming else { return self.failed(.headTimeout) }
        self.phase = .finished
        return .settle(key: self.terms.keyed ? .unreplayable : .none)
    }

    package mutating func clientClosed() -> OnClientGone {
        guard !self.clientGone else { return .ignore }
        self.clientGone = true
        switch self.phase {
        case .idle, .finished:
            return .ignore
        case .deciding:
            // The decision on its way may claim the key: then the request goes on as one whose client went later (row l).
            return .drop(key: .none)
        case .leasing:
            self.phase = .finished
            return .drop(key: self.terms.keyed ? .release : .none)
        case .sent, .streaming:
            if self.terms.keyed { return .drain }
            self.phase = .finished
            return .cancel
        }
    }

    /// Only where the request cannot have been executed twice (STANDARDS §5): any number of endpoints that took no byte,
    /// up to the bound; one repetition of a request that was written. Under a key, a request that may have been executed
    /// is repeated only where the upstream honours the key itself (§1 row d).
    private func mayRetry(_ failure: UpstreamFailure) -> Bool {
        guard self.attempts < self.terms.attemptsMax, !self.clientGone else { return false }
        switch failure {
        case .connectFailed, .connectTimeout: return true
        case .notProcessed: return self.terms.isWhole && !self.wasResent
        case .lost:
            guard self.terms.resendable, !self.wasResent else { return false }
            return !self.terms.keyed || self.terms.upstreamIdempotent
        case .unavailable, .headTimeout, .protocolError, .truncated: return false
        }
    }

    private func keyOutcome(_ failure: UpstreamFailure) -> KeyOutcome {
        guard self.terms.keyed else { return .none }
        if failure.nothingSent || self.terms.upstreamIdempotent { return .release }
        return .storeProblem(failure.problem)
    }

    /// Rows f, f2, g and i.
    private func keyOutcome(replayable: Bool) -> KeyOutcome {
        guard self.terms.keyed else { return .none }
        switch self.status {
        case 401, 407, 408, 421, 425, 429, 503: return .release
        case 500...599 where self.terms.releasesOn5xx: return .release
        default: return replayable ? .store : .unreplayable
        }
    }
}
