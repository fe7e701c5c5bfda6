import Domain
import Testing

@testable import Edge

/// Which failures are retried, what the client is told, and what becomes of key and meters: STANDARDS §1 rows a–o as
/// far as the machine decides them, and §5's retry rules.
@Suite struct ExchangeMachineTests {
    static let keyed = ExchangeMachine.Terms(keyed: true)
    static let unkeyed = ExchangeMachine.Terms()
    static let trusting = ExchangeMachine.Terms(keyed: true, upstreamIdempotent: true)

    /// A machine in `phase`.
    static func machine(_ terms: ExchangeMachine.Terms, in phase: ExchangeMachine.Phase, status: Int = 200)
        -> ExchangeMachine
    {
        var machine = ExchangeMachine()
        guard phase != .idle else { return machine }
        machine.begin(terms)
        guard phase != .deciding else { return machine }
        machine.admitted()
        guard phase != .leasing else { return machine }
        machine.sent()
        guard phase != .sent else { return machine }
        _ = machine.headReceived(status: status)
        guard phase != .streaming else { return machine }
        _ = machine.completed(replayable: true)
        return machine
    }

    @Test func `an ordinary exchange goes from decision to settlement`() {
        var machine = ExchangeMachine()
        #expect(machine.phase == .idle)
        machine.begin(Self.unkeyed)
        #expect(machine.phase == .deciding)
        machine.admitted()
        #expect(machine.phase == .leasing)
        #expect(machine.attempts == 1)
        machine.sent()
        #expect(machine.phase == .sent)
        #expect(machine.headReceived(status: 201) == true)
        #expect(machine.phase == .streaming)
        #expect(machine.status == 201)
        #expect(machine.completed(replayable: true) == .init(key: .none, meter: .count))
        #expect(machine.phase == .finished)
    }

    @Test func `an event that comes too early or too late changes nothing`() {
        for phase: ExchangeMachine.Phase in [.idle, .leasing, .sent, .streaming, .finished] {
            var machine = Self.machine(Self.keyed, in: phase)
            machine.admitted()
            #expect(machine.phase == phase)
        }
        for phase: ExchangeMachine.Phase in [.idle, .deciding, .sent, .streaming, .finished] {
            var machine = Self.machine(Self.keyed, in: phase)
            machine.sent()
            #expect(machine.phase == phase)
        }
        for phase: ExchangeMachine.Phase in [.idle, .deciding, .leasing, .streaming, .finished] {
            var machine = Self.machine(Self.keyed, in: phase)
            #expect(machine.headReceived(status: 500) == false)
            #expect(machine.phase == phase)
        }
        for phase: ExchangeMachine.Phase in [.idle, .deciding, .finished] {
            var machine = Self.machine(Self.keyed, in: phase)
            #expect(machine.failed(.lost) == .ignore)
            #expect(machine.phase == phase)
        }
        for phase: ExchangeMachine.Phase in [.idle, .finished] {
            var machine = Self.machine(Self.keyed, in: phase)
            #expect(machine.clientClosed() == .ignore)
            #expect(machine.phase == phase)
        }
    }

    @Test func `beginning again forgets the last exchange`() {
        var machine = Self.machine(Self.keyed, in: .finished, status: 503)
        _ = machine.clientClosed()
        machine.begin(Self.unkeyed)
        #expect(machine.phase == .deciding)
        #expect(!machine.clientGone)
        #expect(machine.attempts == 0)
        #expect(machine.status == 0)
        #expect(machine.terms == Self.unkeyed)
    }

    // MARK: The table of STANDARDS §1

    @Test func `IK-10 row a: what the gateway refuses before forwarding leaves nothing`() {
        var machine = Self.machine(Self.keyed, in: .deciding)
        machine.refused()
        #expect(machine.phase == .finished)
        #expect(machine.failed(.lost) == .ignore)
        #expect(machine.clientClosed() == .ignore)
    }

    @Test(arguments: [UpstreamFailure.connectFailed, .connectTimeout])
    func `IK-11 row b: nothing written tries another endpoint and then releases the key`(_ failure: UpstreamFailure) {
        var machine = Self.machine(Self.keyed, in: .leasing)
        #expect(machine.failed(failure) == .retry)
        #expect(machine.phase == .leasing)
        #expect(machine.attempts == 2)
        #expect(machine.failed(failure) == .answer(failure.problem, key: .release))
        #expect(machine.phase == .finished)
    }

    @Test func `IK-11 row b: no endpoint or connection releases the key at once`() {
        var machine = Self.machine(Self.keyed, in: .leasing)
        #expect(machine.failed(.unavailable) == .answer(.upstreamUnavailable, key: .release))
    }

    @Test(arguments: [
        (UpstreamFailure.lost, ProblemCode.upstreamConnectionLost), (.headTimeout, .upstreamTimeout),
        (.protocolError, .upstreamProtocolError),
    ])
    func `IK-13 IK-14 rows d and e: an outcome nobody knows is stored as the gateway's own answer`(
        _ failure: UpstreamFailure, _ code: ProblemCode
    ) {
        var machine = Self.machine(Self.keyed, in: .sent)
        #expect(machine.failed(failure) == .answer(code, key: .storeProblem(code)))
        var trusting = Self.machine(Self.trusting, in: .sent)
        #expect(trusting.failed(failure) == .answer(code, key: .release))
        var unkeyed = Self.machine(Self.unkeyed, in: .sent)
        #expect(unkeyed.failed(failure) == .answer(code, key: .none))
    }

    @Test(arguments: [200, 201, 204, 301, 400, 402, 403, 404, 409, 422, 451])
    func `IK-15 row f: a complete answer is stored`(_ status: Int) {
        var machine = Self.machine(Self.keyed, in: .streaming, status: status)
        #expect(machine.completed(replayable: true) == .init(key: .store, meter: .count))
    }

    @Test(arguments: [401, 407, 408, 421, 425, 429, 503])
    func `IK-16 row f2: an answer that says nothing was executed releases the key`(_ status: Int) {
        for replayable in [true, false] {
            var machine = Self.machine(Self.keyed, in: .streaming, status: status)
            #expect(machine.completed(replayable: replayable).key == .release)
        }
    }

    @Test(arguments: [500, 501, 502, 504, 507, 599])
    func `IK-17 row g: a complete 5xx is stored unless the route releases it`(_ status: Int) {
        var machine = Self.machine(Self.keyed, in: .streaming, status: status)
        #expect(machine.completed(replayable: true).key == .store)
        var releasing = Self.machine(.init(keyed: true, releasesOn5xx: true), in: .streaming, status: status)
        #expect(releasing.completed(replayable: true).key == .release)
    }

    @Test func `IK-18 row h: a truncated answer is aborted and stored as upstream-truncated`() {
        for failure in [UpstreamFailure.lost, .truncated, .headTimeout, .protocolError] {
            var machine = Self.machine(Self.keyed, in: .streaming)
            #expect(machine.failed(failure) == .abort(key: .storeProblem(.upstreamTruncated)))
            var trusting = Self.machine(Self.trusting, in: .streaming)
            #expect(trusting.failed(failure) == .abort(key: .release))
            var unkeyed = Self.machine(Self.unkeyed, in: .streaming)
            #expect(unkeyed.failed(failure) == .abort(key: .none))
        }
    }

    @Test func `IK-19 IK-21 rows i and k: an answer beyond the cap is done but not replayable`() {
        var machine = Self.machine(Self.keyed, in: .streaming)
        #expect(machine.completed(replayable: false) == .init(key: .unreplayable, meter: .count))
    }

    @Test func `IK-22 row l: a keyed exchange is drained when its client goes, another is cancelled`() {
        for phase: ExchangeMachine.Phase in [.sent, .streaming] {
            var keyed = Self.machine(Self.keyed, in: phase)
            #expect(keyed.clientClosed() == .drain)
            #expect(keyed.phase == phase)
            #expect(keyed.clientClosed() == .ignore)
            var unkeyed = Self.machine(Self.unkeyed, in: phase)
            #expect(unkeyed.clientClosed() == .cancel)
            #expect(unkeyed.phase == .finished)
        }
        var drained = Self.machine(Self.keyed, in: .sent)
        _ = drained.clientClosed()
        #expect(drained.headReceived(status: 201) == true)
        #expect(drained.completed(replayable: true) == .init(key: .store, meter: .count))
    }

    @Test func `IK-22 row l: a drained exchange that fails only settles`() {
        var lost = Self.machine(Self.keyed, in: .sent)
        _ = lost.clientClosed()
        #expect(lost.failed(.lost) == .settle(key: .storeProblem(.upstreamConnectionLost)))
        var truncated = Self.machine(Self.keyed, in: .streaming)
        _ = truncated.clientClosed()
        #expect(truncated.failed(.truncated) == .settle(key: .storeProblem(.upstreamTruncated)))
    }

    @Test func `a client that goes before anything was sent frees its key`() {
        var keyed = Self.machine(Self.keyed, in: .leasing)
        #expect(keyed.clientClosed() == .drop(key: .release))
        #expect(keyed.phase == .finished)
        var unkeyed = Self.machine(Self.unkeyed, in: .leasing)
        #expect(unkeyed.clientClosed() == .drop(key: .none))
        var deciding = Self.machine(Self.keyed, in: .deciding)
        #expect(deciding.clientClosed() == .drop(key: .none))
        // The decision on its way still arrives.
        #expect(deciding.phase == .deciding)
        #expect(deciding.clientGone)
    }

    // MARK: Retries

    @Test(arguments: [UpstreamFailure.lost, .headTimeout, .protocolError, .truncated, .unavailable])
    func `PX-9 a request that may have been executed is not sent again`(_ failure: UpstreamFailure) {
        var machine = Self.machine(Self.unkeyed, in: .sent)
        guard case .answer(let code, key: .none) = machine.failed(failure) else {
            Issue.record("a request was retried after \(failure)")
            return
        }
        #expect(code == failure.problem)
    }

    @Test func `an idempotent request wholly at hand is sent again once after a lost connection`() {
        var machine = Self.machine(.init(resendable: true), in: .sent)
        #expect(machine.failed(.lost) == .retry)
        #expect(machine.phase == .leasing)
        machine.sent()
        #expect(machine.failed(.lost) == .answer(.upstreamConnectionLost, key: .none))
        var late = Self.machine(.init(resendable: true), in: .sent)
        #expect(late.failed(.headTimeout) == .answer(.upstreamTimeout, key: .none))
    }

    @Test func `nothing is retried for a client that has gone`() {
        var machine = Self.machine(.init(keyed: true, resendable: true), in: .sent)
        _ = machine.clientClosed()
        #expect(machine.failed(.lost) == .settle(key: .storeProblem(.upstreamConnectionLost)))
    }

    @Test func `attempts have a bound of their own`() {
        var machine = Self.machine(.init(attemptsMax: 4), in: .leasing)
        for _ in 0..<3 { #expect(machine.failed(.connectFailed) == .retry) }
        #expect(machine.failed(.connectFailed) == .answer(.upstreamConnectFailed, key: .none))
        #expect(machine.attempts == 4)
    }

    @Test func `IK-12 row c: what was surely not processed is sent again, even a POST, and else frees the key`() {
        let terms = ExchangeMachine.Terms(keyed: true, isWhole: true)
        var machine = Self.machine(terms, in: .sent)
        #expect(machine.failed(.notProcessed) == .retry)
        #expect(machine.phase == .leasing)
        machine.sent()
        #expect(machine.failed(.notProcessed) == .answer(.upstreamUnavailable, key: .release))
        // A body that streamed through is gone.
        var streamed = Self.machine(Self.unkeyed, in: .sent)
        #expect(streamed.failed(.notProcessed) == .answer(.upstreamUnavailable, key: .none))
    }

    @Test
    func `IK-13 row d: a keyed request that may have been executed is repeated only where the upstream honours keys`() {
        var keyed = Self.machine(.init(keyed: true, resendable: true, isWhole: true), in: .sent)
        #expect(keyed.failed(.lost) == .answer(.upstreamConnectionLost, key: .storeProblem(.upstreamConnectionLost)))
        var trusting = Self.machine(
            .init(keyed: true, resendable: true, upstreamIdempotent: true, isWhole: true), in: .sent)
        #expect(trusting.failed(.lost) == .retry)
        trusting.sent()
        #expect(trusting.failed(.lost) == .answer(.upstreamConnectionLost, key: .release))
    }

    @Test func `IK-21 row k: a drain that takes too long is done but not replayable, or unanswered`() {
        var streaming = Self.machine(Self.keyed, in: .streaming)
        _ = streaming.clientClosed()
        #expect(streaming.detachedTimedOut() == .settle(key: .unreplayable))
        #expect(streaming.phase == .finished)
        var waiting = Self.machine(Self.keyed, in: .sent)
        _ = waiting.clientClosed()
        #expect(waiting.detachedTimedOut() == .settle(key: .storeProblem(.upstreamTimeout)))
    }
}
