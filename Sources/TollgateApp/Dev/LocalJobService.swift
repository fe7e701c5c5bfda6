import Domain
import Glibc

/// The job service as a child: a real upstream on a port of its own.
struct LocalJobService {
    let child: ChildProcess

    /// Starts it and waits until it accepts connections.
    ///
    /// - Throws: `CommandFailure` with the end of its log.
    static func start(_ data: DataFolder, address: ListenAddress, databaseURL: String) async throws -> LocalJobService {
        let program = "\(ProgramPath.ownFolder)/job-service"
        guard access(program, X_OK) == 0 else {
            throw CommandFailure(
                "The job service is not built: there is no \(program).",
                hint: "Build it: swift build --product job-service")
        }
        var command = ChildCommand(
            "job-service", program,
            ["--listen", "\(address)", "--create-schema", "--drain", "5s", "--log-level", "info"],
            logPath: data.log("job-service"))
        // Not on the command line, where every user of the machine could read it.
        command.environment["DATABASE_URL"] = databaseURL
        for name in ["MODEL_API_KEY", "MODEL_URL"] {
            if let value = getenv(name) { command.environment[name] = String(cString: value) }
        }
        if let model = command.environment["MODEL_URL"] { command.arguments += ["--model-url", model] }
        let child = try await ChildProcess.start(command)
        try await Readiness.wait(for: "The job service", child: child, timeoutMs: 30_000) {
            TCPProbe.accepts(address)
        }
        return LocalJobService(child: child)
    }
}
