/// One run from a seed, and what came of it. The same seed with the same options is the same run, event by event, on
/// every machine.
public struct SimulationRun: Sendable {
    public let seed: UInt64
    public var plant: Plant?
    /// Whether the store may come back without what it had not synced.
    public var losses: Bool

    public init(seed: UInt64, plant: Plant? = nil, losses: Bool = true) {
        self.seed = seed
        self.plant = plant
        self.losses = losses
    }

    /// What came of a run.
    public struct Outcome: Sendable {
        public let violations: [Violation]
        /// Events that happened.
        public let steps: Int
        /// The faults of the run, in words.
        public let faults: [String]
        /// Event by event; empty unless asked for.
        public let story: [String]
    }

    /// - Parameters:
    ///   - tells: whether to keep the story.
    ///   - faults: of the scenario's faults, by position, those that happen; nil for all.
    public func run(tells: Bool = false, faults: [Int]? = nil) -> Outcome {
        var scenario = Scenario(seed: self.seed, plant: self.plant, losses: self.losses)
        if let faults { scenario.faults = faults.map { scenario.faults[$0] } }
        let world = World(scenario, tells: tells)
        world.run()
        return Outcome(
            violations: world.violations, steps: world.scheduler.steps, faults: scenario.faults.map(\.description),
            story: world.story.lines)
    }
}
