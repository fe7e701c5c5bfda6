import ArgumentParser
import Glibc
import Logging
import PostgresClient

/// The command line of `job-service`.
struct JobServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job-service",
        abstract: "Runs jobs that clients submit over HTTP, from a durable queue in PostgreSQL.",
        discussion: """
            It trusts the X-Tollgate-* fields of its requests, so only the gateway may be able to reach it.
            The key of the model server is taken from the environment variable MODEL_API_KEY.
            """)

    @Option(help: "Where to listen: host:port, [ipv6]:port or unix:/path.")
    var listen = ListenArgument(address: .tcp(host: "127.0.0.1", port: 9090))

    @Option(help: "PostgreSQL address, e.g. postgresql://user@host/name. Default: the variable DATABASE_URL.")
    var database: String?

    @Flag(help: "Make the table of the queue if it is missing.")
    var createSchema = false

    @Option(help: "Jobs that run at a time; 0 only answers requests.")
    var workers = 4

    @Option(
        help: "Base address of an OpenAI-compatible API, e.g. http://127.0.0.1:8000/v1. Without it, no `http` jobs.")
    var modelURL: String?

    @Option(help: "How long a job stays with a process that no longer speaks.")
    var lease: DurationArgument = .init(seconds: 30)

    @Option(help: "How long running jobs may go on after SIGTERM.")
    var drain: DurationArgument = .init(seconds: 20)

    @Option(help: "Pause after a first failed attempt; it doubles with every further one.")
    var retryDelay: DurationArgument = .init(seconds: 1)

    @Option(help: "trace, debug, info, notice, warning, error or critical.", transform: Self.level)
    var logLevel: Logger.Level = .notice

    func validate() throws {
        guard (0...1_000).contains(self.workers) else {
            throw ValidationError("--workers takes 0 to 1000, got \(self.workers).")
        }
        guard self.lease.duration >= .milliseconds(300) else {
            throw ValidationError("--lease takes at least 300ms: it is renewed every third of it.")
        }
        guard self.database ?? Self.variable("DATABASE_URL") != nil else {
            throw ValidationError("Say where PostgreSQL is: --database postgresql://user@host/name, or DATABASE_URL.")
        }
        if let modelURL, !modelURL.hasPrefix("http://"), !modelURL.hasPrefix("https://") {
            throw ValidationError("--model-url takes an http:// or https:// address, got \(modelURL).")
        }
    }

    func run() async throws {
        var logger = Logger(label: "job-service")
        logger.logLevel = self.logLevel
        var database = try PostgresConfiguration(self.database ?? Self.variable("DATABASE_URL") ?? "")
        database.applicationName = "job-service"
        var configuration = JobServiceConfiguration(listen: self.listen.address, database: database)
        configuration.createSchema = self.createSchema
        configuration.worker.workers = self.workers
        configuration.worker.lease = self.lease.duration
        configuration.worker.drain = self.drain.duration
        configuration.worker.retryFirst = self.retryDelay.duration
        configuration.modelURL = self.modelURL
        configuration.modelAPIKey = Self.variable("MODEL_API_KEY")
        try await JobServer(configuration, logger: logger, handlesSignals: true).run()
    }

    private static func level(_ text: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: text) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("`\(text)` is no log level; expected one of: \(known).")
        }
        return level
    }

    private static func variable(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}

/// A time on the command line: `500ms`, `30s`, `2m`, `1h`.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration
    private let text: String

    init(seconds: Int) {
        self.duration = .seconds(seconds)
        self.text = "\(seconds)s"
    }

    init?(argument: String) {
        guard let parsed = DurationText(argument) else { return nil }
        self.duration = parsed.duration
        self.text = argument
    }

    var defaultValueDescription: String { self.text }
}

/// A ``ListenAddress`` on the command line.
struct ListenArgument: ExpressibleByArgument {
    let address: ListenAddress

    init(address: ListenAddress) { self.address = address }

    init?(argument: String) {
        guard let address = ListenAddress(argument) else { return nil }
        self.address = address
    }

    var defaultValueDescription: String {
        switch self.address {
        case .tcp(let host, let port): "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
