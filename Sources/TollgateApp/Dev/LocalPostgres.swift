import Glibc
import Logging
import PostgresClient

/// The demo's own PostgreSQL: a unix socket, no port, trusted because only its owner can enter the socket's folder.
struct LocalPostgres {
    static let user = "tollgate"
    static let database = "tollgate"
    private static let port = 5432

    let child: ChildProcess
    let url: String

    /// Starts it, after making its files if there are none, and waits until it takes queries.
    ///
    /// - Throws: `CommandFailure` with the end of its log.
    static func start(_ data: DataFolder, sockets: String, logger: Logger) async throws -> LocalPostgres {
        let user = try ProcessUser.forPostgres()
        let cluster = try PostgresCluster.prepare(data, user: user, logger: logger)
        try await cluster.initialise(log: data.log("initdb"), logger: logger)
        try await cluster.waitForPredecessor(logger: logger)
        let log = data.log("postgres")
        var command = ChildCommand(
            "postgres", try ProgramPath.postgres("postgres"),
            [
                "-D", cluster.path, "-k", sockets, "-p", String(Self.port), "-c", "listen_addresses=",
                "-c", "unix_socket_permissions=0700", "-c", "max_connections=100", "-c", "log_min_messages=warning",
                "-c", "timezone=UTC", "-c", "log_timezone=UTC",
            ], logPath: log)
        command.user = user
        // A fast shutdown: connections are ended, everything is written.
        command.deathSignal = "INT"
        let child = try await ChildProcess.start(command)
        let maintenance = Self.url(sockets: sockets, database: "postgres")
        try await Readiness.wait(for: "PostgreSQL", child: child, timeoutMs: 60_000) { await Self.answers(maintenance) }
        try await Self.makeDatabase(maintenance)
        return LocalPostgres(child: child, url: Self.url(sockets: sockets, database: Self.database))
    }

    private static func url(sockets: String, database: String) -> String {
        let host = sockets.utf8.reduce(into: "") { text, byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
            if isPlain || "-._~/".utf8.contains(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return "postgresql://\(Self.user)@/\(database)?host=\(host)&port=\(Self.port)"
    }

    private static func answers(_ url: String) async -> Bool {
        do {
            try await Self.withPool(url) { _ = try await $0.query("SELECT 1") }
            return true
        } catch {
            return false
        }
    }

    private static func makeDatabase(_ maintenance: String) async throws {
        try await Self.withPool(maintenance) { pool in
            let found = try await pool.query("SELECT 1 AS one FROM pg_database WHERE datname = \(Self.database)")
            guard found.isEmpty else { return }
            try await pool.query("CREATE DATABASE \(identifier: Self.database)")
        }
    }

    private static func withPool(_ url: String, _ body: (PostgresPool) async throws -> Void) async throws {
        var configuration = try PostgresConfiguration(url)
        configuration.connectionsMax = 1
        configuration.applicationName = "tollgate dev"
        let pool = PostgresPool(configuration)
        do {
            try await body(pool)
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }
}
