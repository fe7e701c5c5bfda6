import Synchronization

/// A caller's place in the queue: settled once, from wherever, and awaited once.
final class PoolWaiter: Sendable, Equatable {
    typealias Outcome = Result<PostgresConnection, PostgresError>

    private enum State {
        case open
        case awaited(CheckedContinuation<PostgresConnection, any Error>)
        case settled(Outcome)
    }

    private let state = Mutex(State.open)

    func settle(_ outcome: Outcome) {
        let continuation = self.state.withLock { state -> CheckedContinuation<PostgresConnection, any Error>? in
            switch state {
            case .open:
                state = .settled(outcome)
                return nil
            case .awaited(let continuation):
                state = .settled(outcome)
                return continuation
            case .settled: return nil
            }
        }
        continuation?.resume(with: outcome.mapError { $0 })
    }

    func value() async throws -> PostgresConnection {
        try await withCheckedThrowingContinuation { continuation in
            let outcome = self.state.withLock { state -> Outcome? in
                guard case .settled(let outcome) = state else {
                    state = .awaited(continuation)
                    return nil
                }
                return outcome
            }
            if let outcome { continuation.resume(with: outcome.mapError { $0 }) }
        }
    }

    static func == (left: PoolWaiter, right: PoolWaiter) -> Bool { left === right }
}
