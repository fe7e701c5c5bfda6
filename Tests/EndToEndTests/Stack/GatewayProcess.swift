import Glibc
import TestKit

@testable import TollgateApp

/// A `tollgate serve` on the stores of a `DevStack`: a second gateway of the same fleet.
final class GatewayProcess: Sendable {
    let process: ChildProcess
    let edge: PlainHTTP
    private let logPath: String

    /// Starts it and waits until it serves.
    static func start(
        beside stack: DevStack, configuration: String, arguments: [String] = ["--edge-only"]
    ) async throws -> GatewayProcess {
        let log = "\(stack.folder.path)/gateway-\(UInt64.random(in: .min ... .max)).log"
        var command = ChildCommand(
            "tollgate", try DevStack.program("tollgate"), ["serve", "--config", configuration] + arguments, logPath: log
        )
        command.environment = [
            "TOLLGATE_DATABASE_URL": stack.environment.databaseURL, "TOLLGATE_REDIS": stack.environment.redis,
            "TOLLGATE_EDGE_PORT": "0", "TOLLGATE_ADMIN_PORT": "0", "TOLLGATE_JOBS_PORT": String(stack.jobsPort),
        ]
        let process = try await ChildProcess.start(command)
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(60)
        while true {
            if let port = Self.port(in: FileText.read(log) ?? "") {
                return GatewayProcess(process: process, edge: PlainHTTP(port: port), logPath: log)
            }
            guard process.isRunning, clock.now < deadline else {
                throw CommandFailure("the gateway does not serve:\n\(FileText.tail(log, lines: 20))")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private init(process: ChildProcess, edge: PlainHTTP, logPath: String) {
        self.process = process
        self.edge = edge
        self.logPath = logPath
    }

    var log: String { FileText.read(self.logPath) ?? "" }

    @discardableResult
    func stop() async -> ChildProcess.Exit { await self.process.stop(signal: SIGTERM, graceMs: 60_000) }

    /// From the line `Serving  admin=...  edge=host:port`.
    private static func port(in log: String) -> Int? {
        guard let line = log.split(separator: "\n").first(where: { $0.contains(" Serving ") }),
            let edge = line.split(separator: " ").first(where: { $0.hasPrefix("edge=") })
        else { return nil }
        return edge.split(separator: ":").last.flatMap { Int($0) }
    }
}
