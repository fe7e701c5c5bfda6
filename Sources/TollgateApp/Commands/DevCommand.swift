import ArgumentParser
import Logging

/// `tollgate dev`
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run everything on this machine: Redis, PostgreSQL, the job service, the edge, demo data.",
        discussion: """
            Data is kept in --data and survives; Ctrl-C stops everything in order. While it runs, the file demo.env in \
            that folder holds addresses and keys for shells and for the other commands. An empty database gets the data \
            of `tollgate seed`; the keys in demo.env are those of its org on PRO, TOLLGATE_FREE_KEY that of the one on FREE. Ports may also be given as \
            TOLLGATE_EDGE_PORT, TOLLGATE_ADMIN_PORT, TOLLGATE_JOBS_PORT, the folder as TOLLGATE_DATA. MODEL_URL and \
            MODEL_API_KEY are passed on to the job service.

            Examples:
              tollgate dev
              tollgate dev --port 9000 --admin-port 9001
            """)

    @Option(help: "The configuration file; stores, ports and the job service's address are put into it.")
    var config = "config/demo.yaml"

    @Option(help: "Where data is kept. Default: .data")
    var data: String?

    @Option(help: "The edge's port. Default: the configuration's, 8080.")
    var port: Int?

    @Option(help: "The admin listener's port. Default: the configuration's, 8081.")
    var adminPort: Int?

    @Option(help: "The job service's port. Default: a free one.")
    var jobsPort: Int?

    @Flag(help: "Without demo data: an empty database gets one org, `demo`, and its keys.")
    var bare = false

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    func validate() throws {
        for port in [self.port, self.adminPort, self.jobsPort].compactMap(\.self) where !(0...65_535).contains(port) {
            throw ValidationError("\(port) is no port; expected 0 to 65535.")
        }
        guard Logger.Level(rawValue: self.logLevel) != nil else {
            throw ValidationError("`\(self.logLevel)` is no log level.")
        }
    }

    func run() async throws {
        LogBootstrap.start(level: Logger.Level(rawValue: self.logLevel) ?? .info, format: .human)
        var options = DevOptions()
        options.configurationPath = self.config
        options.edgePort = self.port
        options.adminPort = self.adminPort
        options.jobsPort = self.jobsPort
        options.isBare = self.bare
        try options.completeFromEnvironment()
        if let data { options.dataPath = data }
        try await DevSupervisor(options: options, logger: Logger(label: "tollgate")).run()
    }
}
