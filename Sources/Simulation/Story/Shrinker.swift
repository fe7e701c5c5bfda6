/// Makes a failing run easier to read: leaves out every fault without which it fails as well.
public struct Shrinker: Sendable {
    private let simulation: SimulationRun

    public init(_ simulation: SimulationRun) {
        self.simulation = simulation
    }

    /// Positions of the faults that are needed; all of them if the run does not fail.
    public func neededFaults() -> [Int] {
        let whole = self.simulation.run()
        var needed = Array(whole.faults.indices)
        guard let kind = whole.violations.first?.kind else { return needed }
        for fault in whole.faults.indices {
            let fewer = needed.filter { $0 != fault }
            if self.simulation.run(faults: fewer).violations.first?.kind == kind { needed = fewer }
        }
        return needed
    }
}
