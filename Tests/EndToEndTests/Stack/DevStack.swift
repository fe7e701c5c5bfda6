import Foundation
import Glibc
import TestKit

@testable import TollgateApp

/// A `tollgate dev` of its own: real processes, free ports, a data folder that goes with the test.
final class DevStack: Sendable {
    let folder: TestFolder
    let process: ChildProcess
    let environment: DemoEnvironment

    /// The repository, where the demo's configuration lies.
    private static let repository = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static var demoConfiguration: String { "\(Self.repository)/config/demo.yaml" }

    /// A program built beside the tests.
    static func program(_ name: String) throws -> String {
        // The test runner lies in the folder of the products, or in a bundle within.
        for folder in [ProgramPath.ownFolder, Bundle.main.bundlePath, "\(Self.repository)/.build/debug"] {
            if FileText.exists("\(folder)/\(name)") { return "\(folder)/\(name)" }
        }
        throw CommandFailure("\(name) is not built beside the tests (\(ProgramPath.ownFolder))")
    }

    /// Starts it and waits until it says that it is ready.
    ///
    /// - Parameter isBare: without demo data, with an org `demo` that has used nothing yet.
    static func start(
        in folder: TestFolder? = nil, routes: String = "", arguments: [String] = [], isBare: Bool = true
    ) async throws -> DevStack {
        let folder = try folder ?? TestFolder(prefix: "tollgate-dev")
        let configuration = "\(folder.path)/dev.yaml"
        try FleetConfiguration.write(to: configuration, routes: routes)
        chmod(folder.path, 0o755)
        var command = ChildCommand(
            "tollgate", try Self.program("tollgate"),
            [
                "dev", "--config", configuration, "--data", "\(folder.path)/data", "--port", "0",
                "--admin-port", "0",
            ] + (isBare ? ["--bare"] : []) + arguments, logPath: "\(folder.path)/dev.log")
        command.deathSignal = "TERM"
        let process = try await ChildProcess.start(command)
        let path = "\(folder.path)/data/demo.env"
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(120)
        while true {
            if let environment = DemoEnvironment.read(path), environment.pid == process.pid {
                return DevStack(folder: folder, process: process, environment: environment)
            }
            guard process.isRunning, clock.now < deadline else {
                throw CommandFailure("tollgate dev is not ready:\n\(FileText.tail(command.logPath, lines: 30))")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private init(folder: TestFolder, process: ChildProcess, environment: DemoEnvironment) {
        self.folder = folder
        self.process = process
        self.environment = environment
    }

    /// The configuration that it was started with.
    var configuration: String { "\(self.folder.path)/dev.yaml" }
    var edge: PlainHTTP { PlainHTTP(port: Self.port(self.environment.url)) }
    var admin: PlainHTTP { PlainHTTP(port: Self.port(self.environment.adminURL)) }
    var bearer: [String: String] { ["Authorization": "Bearer \(self.environment.key)"] }
    var log: String { FileText.read("\(self.folder.path)/dev.log") ?? "" }

    /// SIGINT, as Ctrl-C sends it, and waits for the end.
    @discardableResult
    func stop() async -> ChildProcess.Exit { await self.process.stop(signal: SIGINT, graceMs: 60_000) }

    /// Where the job service of this stack listens.
    var jobsPort: Int {
        let line = self.log.split(separator: "\n").first { $0.contains("Starting the job service") } ?? ""
        return Self.port(String(line))
    }

    /// Runs a command of the CLI against this stack. Returns its status and standard output and error together.
    func run(_ arguments: String...) async throws -> (exit: ChildProcess.Exit, output: String) {
        let log = "\(self.folder.path)/cli-\(UInt64.random(in: .min ... .max)).log"
        var command = ChildCommand("tollgate", try Self.program("tollgate"), arguments, logPath: log)
        command.environment = [
            "TOLLGATE_DATABASE_URL": self.environment.databaseURL, "TOLLGATE_REDIS": self.environment.redis,
        ]
        let exit = try await ChildProcess.start(command).exit()
        return (exit, FileText.read(log) ?? "")
    }

    private static func port(_ url: String) -> Int { url.split(separator: ":").last.flatMap { Int($0) } ?? 0 }
}
