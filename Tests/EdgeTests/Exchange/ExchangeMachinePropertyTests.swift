import Domain
import TestKit
import Testing

@testable import Edge

/// Any events in any order.
@Suite struct ExchangeMachinePropertyTests {
    @Test func `random events never trap and settle at most once`() {
        let seed: UInt64 = 0x0ED6_E001
        var random = SplitMix64(seed: seed)
        for round in 0..<TestEffort.cases(3_000, full: 200_000) {
            let settlements = Self.run(&random)
            #expect(settlements <= 1, "seed \(seed), round \(round)")
            guard settlements <= 1 else { return }
        }
    }

    /// One exchange with random events; returns how often it was settled.
    private static func run(_ random: inout SplitMix64) -> Int {
        var machine = ExchangeMachine()
        machine.begin(self.terms(&random))
        var settlements = 0
        var retries = 0
        for _ in 0..<24 {
            let before = machine.phase
            let settled = self.step(&machine, &random, &retries)
            if settled { settlements += 1 }
            if settled { #expect(machine.phase == .finished) }
            if before == .finished { #expect(machine.phase == .finished) }
            #expect(retries < machine.terms.attemptsMax)
        }
        return settlements
    }

    private static func terms(_ random: inout SplitMix64) -> ExchangeMachine.Terms {
        ExchangeMachine.Terms(
            keyed: .random(using: &random), resendable: .random(using: &random),
            upstreamIdempotent: .random(using: &random), releasesOn5xx: .random(using: &random),
            attemptsMax: .random(in: 1...3, using: &random))
    }

    private static func step(_ machine: inout ExchangeMachine, _ random: inout SplitMix64, _ retries: inout Int) -> Bool
    {
        switch UInt64.random(in: 0..<7, using: &random) {
        case 0: machine.admitted()
        case 1: machine.sent()
        case 2: _ = machine.headReceived(status: .random(in: 200...599, using: &random))
        case 3:
            // Only an answer that has begun can end.
            guard machine.phase == .streaming else { return false }
            _ = machine.completed(replayable: .random(using: &random))
            return true
        case 4:
            let failures: [UpstreamFailure] = [
                .connectFailed, .connectTimeout, .unavailable, .lost, .headTimeout, .protocolError, .truncated,
            ]
            switch machine.failed(failures[Int.random(in: 0..<failures.count, using: &random)]) {
            case .ignore: return false
            case .retry:
                retries += 1
                return false
            case .answer, .abort, .settle: return true
            }
        case 5:
            switch machine.clientClosed() {
            case .ignore, .drain: return false
            case .cancel: return true
            case .drop: return machine.phase == .finished
            }
        default:
            // A refusal by the gateway itself happens while it decides.
            if machine.phase == .deciding { machine.refused() }
        }
        return false
    }
}
