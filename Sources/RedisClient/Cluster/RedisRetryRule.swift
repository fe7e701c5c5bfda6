/// What becomes of a command that a node refused. Every way ends at the command's own deadline, so a client waits no longer
/// on a cluster that is being changed than on a server that is slow.
struct RedisRetryRule {
    enum Decision: Equatable {
        /// Send it there at once; `asking`: with leave to use a slot that is still on its way.
        case follow(RedisConfiguration.Endpoint, slot: Int, asking: Bool)
        /// Send it again, so much later, to whoever has the slot by then.
        case wait(ns: UInt64)
        /// The time is over: the error is the answer.
        case surface
    }

    /// Two nodes may for a moment each say that the slot is the other's: so often we follow at once.
    static let redirectsAtOnceMax: UInt8 = 4
    private static let waitMinNs: UInt64 = 1_000_000
    private static let waitMaxNs: UInt64 = 8_000_000

    /// - Parameter refusals: how often this command was refused before.
    static func decide(_ refusal: RedisRefusal, refusals: UInt8, nowNs: UInt64, deadlineNs: UInt64) -> Decision {
        guard nowNs < deadlineNs else { return .surface }
        switch refusal {
        case .moved(let slot, let endpoint) where refusals < Self.redirectsAtOnceMax:
            return .follow(endpoint, slot: slot, asking: false)
        case .ask(let slot, let endpoint) where refusals < Self.redirectsAtOnceMax:
            return .follow(endpoint, slot: slot, asking: true)
        case .moved, .ask, .busy:
            let ns = min(Self.waitMaxNs, Self.waitMinNs << UInt64(min(refusals, 3)))
            return nowNs + ns < deadlineNs ? .wait(ns: ns) : .surface
        }
    }
}
