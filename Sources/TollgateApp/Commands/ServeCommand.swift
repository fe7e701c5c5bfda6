import ArgumentParser
import Domain
import Glibc
import Logging
import UnixSignals

/// `tollgate serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve: the edge, the workers, and the operators' listener.",
        discussion: """
            SIGTERM and SIGINT stop accepting, let requests in flight finish for at most edge.drain_timeout, then end. \
            SIGHUP reads the file again; one with errors changes nothing, and the log names each error.

            The admin token is taken from the variable TOLLGATE_ADMIN_TOKEN.

            Examples:
              tollgate serve --config config/tollgate.yaml
              tollgate serve --config config/tollgate.yaml --edge-only
            """)

    @Option(help: "The configuration file.")
    var config: String

    @Flag(help: "Only the data plane: workers run elsewhere.")
    var edgeOnly = false

    @Flag(help: "Only the workers.")
    var workersOnly = false

    func validate() throws {
        if self.edgeOnly && self.workersOnly {
            throw ValidationError("--edge-only and --workers-only exclude each other.")
        }
    }

    func run() async throws {
        let configuration = try ConfigurationFile.load(self.config)
        LogBootstrap.start(configuration.logging)
        let token = getenv("TOLLGATE_ADMIN_TOKEN").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        let parts: ServeProcess.Parts = self.edgeOnly ? .edge : self.workersOnly ? .workers : .all
        let process = ServeProcess(
            configuration: configuration, configurationPath: self.config, parts: parts, adminToken: token,
            stopSignals: [.sigterm, .sigint], logger: Logger(label: "tollgate"))
        try await process.run()
    }
}
