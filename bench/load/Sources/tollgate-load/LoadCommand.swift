import ArgumentParser
import Foundation
import LoadModel

@main
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tollgate-load",
        abstract: "Loads a gateway as a scenario file says, measures what a user waits, and checks what it is told.",
        discussion: """
            Open loops send at their rate whatever the answers do, and latency counts from the moment a request was due.
            Exit status: 0 all checks met, 1 one was not, 2 it could not run.
            """)

    @Argument(help: "The scenario file, such as bench/scenarios/steady.yaml.")
    var scenario: String

    @Option(help: "The gateway, such as http://127.0.0.1:8080.")
    var url: String

    @Option(name: [.customLong("key")], help: "An API key; may be repeated.")
    var keys: [String] = []

    @Option(help: "A file with an API key a line.")
    var keysFile: String?

    @Option(help: "Multiplies every rate of an open loop.")
    var rateFactor: Double = 1

    @Option(help: "One rate instead of the scenario's stages, in requests a second.")
    var rate: Double?

    @Option(help: "How long, instead of what the scenario says, such as 30s.")
    var `for`: String?

    @Option(help: "Connections instead of the scenario's.")
    var connections: Int?

    @Option(
        name: [.customLong("set")],
        help: ArgumentHelp(
            "Puts a value in place of ${NAME} in the scenario; may be repeated.", valueName: "name=value"))
    var values: [String] = []

    @Option(help: "Seed of everything that is drawn.")
    var seed: UInt64 = 1

    @Option(help: "Writes the result as JSON.")
    var json: String?

    @Option(help: "Writes the report as one HTML page.")
    var report: String?

    @Option(
        help: ArgumentHelp(
            "A shell command that prints how many requests the gateway has metered so far: asked before and after.",
            valueName: "command"))
    var usage: String?

    @Option(help: "How long usage may take to arrive.")
    var usageWithin: String = "30s"

    @Flag(help: "No progress, only the result.")
    var quiet = false

    mutating func run() async throws {
        do {
            let report = try await loaded()
            print(Summary.text(report))
            if let json { try write(report.json(), to: json) }
            if let path = self.report { try write(HTMLReport.page(report), to: path) }
            if !report.isMet { throw ExitCode(1) }
        } catch let problem as Unusable {
            FileHandle.standardError.write(Data("tollgate-load: \(problem.says)\n".utf8))
            throw ExitCode(2)
        } catch let problem as ScenarioError {
            FileHandle.standardError.write(Data("\(problem)\n".utf8))
            throw ExitCode(2)
        }
    }

    private func loaded() async throws -> RunReport {
        guard let text = try? String(contentsOfFile: scenario, encoding: .utf8) else {
            throw Unusable("cannot read \(scenario)")
        }
        let plan = try changed(ScenarioFile.read(text, file: scenario, values: settings()))
        let target = try Target(url)
        let presented = try presentedKeys()
        let before = try usage.map { try UsageCommand.ask($0) }
        let started = Date().ISO8601Format()
        let run = LoadRun(scenario: plan, target: target, keys: presented, seed: seed)
        let outcome = try await run.run(showsProgress: !quiet && isatty(STDERR_FILENO) == 1)
        var checks = outcome.checks
        if let usage, let before {
            checks.append(
                try await UsageCommand.check(
                    usage, before: before, tally: outcome.tally,
                    withinNs: Units.nanoseconds(usageWithin) ?? 30_000_000_000))
        }
        return RunReport(
            scenario: plan, target: url, started: started, keys: presented.count, seconds: outcome.seconds,
            tally: outcome.tally, checks: checks)
    }

    private func changed(_ scenario: Scenario) throws -> Scenario {
        var changed = scenario
        let durationNs = try self.for.map { text in
            guard let ns = Units.nanoseconds(text) else { throw Unusable("--for: expected a duration like 30s") }
            return ns
        }
        if let connections { changed.load.connections = max(1, connections) }
        switch scenario.load.loop {
        case .open(let stages, let isRandom):
            var stages = stages.map { Load.Stage(rate: $0.rate * rateFactor, durationNs: $0.durationNs) }
            if rate != nil || durationNs != nil {
                let all = stages.reduce(0) { $0 + $1.durationNs }
                stages = [Load.Stage(rate: rate ?? stages.first?.rate ?? 0, durationNs: durationNs ?? all)]
            }
            changed.load.loop = .open(stages, isRandom: isRandom)
        case .closed(let usual, let thinkNs):
            changed.load.loop = .closed(durationNs: durationNs ?? usual, thinkNs: thinkNs)
        }
        return changed
    }

    private func settings() throws -> [String: String] {
        var found: [String: String] = [:]
        for value in values {
            let parts = value.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { throw Unusable("--set: expected NAME=VALUE, found '\(value)'") }
            found[String(parts[0])] = String(parts[1])
        }
        return found
    }

    private func presentedKeys() throws -> [String] {
        var all = keys
        if let keysFile {
            guard let text = try? String(contentsOfFile: keysFile, encoding: .utf8) else {
                throw Unusable("cannot read \(keysFile)")
            }
            all += text.split(whereSeparator: \.isWhitespace).map(String.init)
        }
        guard !all.isEmpty else { throw Unusable("expected an API key: --key or --keys-file") }
        return all
    }

    private func write(_ text: String, to path: String) throws {
        do {
            // Into what is there: a new file in its place would take the place of a device, too (`--json /dev/null`).
            try text.write(toFile: path, atomically: false, encoding: .utf8)
        } catch {
            throw Unusable("cannot write \(path): \(error.localizedDescription)")
        }
    }
}

/// The run cannot be made; says why.
struct Unusable: Error {
    let says: String

    init(_ says: String) { self.says = says }
}
