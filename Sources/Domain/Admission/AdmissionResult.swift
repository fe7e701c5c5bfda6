/// An outcome with the state after it.
public struct AdmissionResult: Sendable, Equatable {
    public var outcome: AdmissionOutcome
    /// Level of every bucket in sub-units, in the order of the plan's groups. Empty when nothing was decided.
    public var levels: [Int]
    /// Used of every quota.
    public var used: [Int]
    /// Requests in flight under every cap.
    public var leases: [Int]

    public init(outcome: AdmissionOutcome, levels: [Int] = [], used: [Int] = [], leases: [Int] = []) {
        self.outcome = outcome
        self.levels = levels
        self.used = used
        self.leases = leases
    }
}
