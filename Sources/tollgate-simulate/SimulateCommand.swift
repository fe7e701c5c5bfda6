public import ArgumentParser
import Glibc
public import Simulation

/// Runs seed after seed until one breaks a promise, and tells the story of that one.
@main
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tollgate-simulate",
        abstract: "Runs the machines of Tollgate under seeded faults, in virtual time.")

    @Option(help: "How many seeds; 0 goes on until Ctrl-C.")
    var seeds: UInt64 = 0

    @Option(help: "The first of them.")
    var from: UInt64 = 1

    @Option(help: "Run this seed alone and tell its story.")
    var seed: UInt64?

    @Option(help: "A mistake to plant, to see that it is found.")
    var plant: Plant?

    @Flag(inversion: .prefixedNo, help: "Whether the store may come back without what it had not synced.")
    var losses = true

    @Option(help: "Runs at once; as many as there are processors by default.")
    var threads = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    private static let batch: UInt64 = 250

    /// Fails with status 1 when a promise was broken.
    func run() async throws {
        let status = if let seed { self.tell(seed) } else { await self.search() }
        if status != 0 { throw ExitCode(status) }
    }

    private func simulation(_ seed: UInt64) -> SimulationRun {
        SimulationRun(seed: seed, plant: self.plant, losses: self.losses)
    }

    // MARK: Many seeds

    private func search() async -> Int32 {
        var next = self.from
        let end = self.seeds == 0 ? UInt64.max : self.from + self.seeds
        var (runs, steps) = (0, 0)
        let began = Self.nowMs()
        var printedAt = began
        while next < end {
            let round = (0..<UInt64(self.threads)).map { next + $0 * Self.batch }.filter { $0 < end }
            let results = await self.runAll(round, end: end)
            for result in results {
                runs += result.runs
                steps += result.steps
                if let failed = result.failed {
                    print("seed \(failed) breaks a promise after \(runs) runs:")
                    return self.tell(failed)
                }
            }
            next += UInt64(round.count) * Self.batch
            if Self.nowMs() - printedAt >= 5_000 {
                printedAt = Self.nowMs()
                Self.report(runs, steps, ms: printedAt - began)
            }
        }
        Self.report(runs, steps, ms: Self.nowMs() - began)
        print("no violation in seeds \(self.from) to \(end - 1)")
        return 0
    }

    private struct Result {
        var runs = 0
        var steps = 0
        var failed: UInt64?
    }

    private func runAll(_ starts: [UInt64], end: UInt64) async -> [Result] {
        await withTaskGroup(of: (UInt64, Result).self) { group in
            for start in starts {
                group.addTask { (start, self.runBatch(from: start, to: min(end, start + Self.batch))) }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func runBatch(from: UInt64, to: UInt64) -> Result {
        var result = Result()
        for seed in from..<to {
            let outcome = self.simulation(seed).run()
            result.runs += 1
            result.steps += outcome.steps
            if !outcome.violations.isEmpty {
                result.failed = seed
                return result
            }
        }
        return result
    }

    private static func report(_ runs: Int, _ steps: Int, ms: Int) {
        print("\(runs) runs, \(steps) events, \(ms / 1_000).\(ms / 100 % 10) s, \(runs * 1_000 / max(1, ms)) runs/s")
        fflush(nil)
    }

    private static func nowMs() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }

    // MARK: One seed

    private func tell(_ seed: UInt64) -> Int32 {
        let needed = Shrinker(self.simulation(seed)).neededFaults()
        let outcome = self.simulation(seed).run(tells: true, faults: needed)
        for line in outcome.story { print(line) }
        print("")
        print("faults that are needed: \(outcome.faults.isEmpty ? "none" : outcome.faults.joined(separator: "; "))")
        for violation in outcome.violations { print("seed \(seed): \(violation)") }
        if outcome.violations.isEmpty { print("seed \(seed): no violation") }
        let options = (self.plant.map { " --plant \($0.rawValue)" } ?? "") + (self.losses ? "" : " --no-losses")
        print("again: tollgate-simulate --seed \(seed)\(options)")
        return outcome.violations.isEmpty ? 0 : 1
    }
}

extension Plant: ExpressibleByArgument {}
