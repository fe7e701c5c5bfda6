import Glibc
import PostgresClient
import Synchronization

/// A real PostgreSQL server for tests: its own data folder, a unix socket and nothing else, gone with the test
/// process however that ends.
///
/// Suites share one server and take a database each. Tests that stop, kill or freeze a server start their own.
public final class TestPostgres: Sendable {
    /// Folder of data, socket and log.
    public let folder: String
    private let server: Mutex<pid_t>
    private let watchdog: Watchdog
    private let settings: [(String, String)]
    private let admin: PostgresPool

    private static let sharedResult = Result { try TestPostgres.start() }
    private static let databaseCount = Atomic<Int>(0)

    /// The server that all suites of this process share; started by the first caller.
    public static func shared() throws -> TestPostgres { try self.sharedResult.get() }

    /// Starts a server of one's own and waits until it takes connections.
    /// - Parameter settings: of `postgresql.conf`, beyond those that make tests quick.
    public static func start(settings: [(String, String)] = []) throws -> TestPostgres {
        try TestPostgres(settings: settings)
    }

    private init(settings: [(String, String)]) throws {
        self.folder = try Self.makeFolder()
        self.settings = settings
        self.watchdog = try Watchdog(folder: self.folder)
        let log = "\(self.folder)/log"
        try PostgresProgram.run(
            [
                try PostgresProgram.path("initdb"), "--pgdata=\(self.folder)/data", "--username=postgres",
                "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
            ], log: log)
        self.server = Mutex(0)
        let url = Self.url(folder: self.folder, database: "postgres")
        self.admin = try TestDatabase(name: "postgres", url: url).pool(connectionsMax: 2)
        try self.restart()
    }

    deinit {
        self.end(SIGQUIT)
        self.watchdog.finish()
    }

    /// Address of a database on this server.
    public func url(database: String) -> String { Self.url(folder: self.folder, database: database) }

    /// Makes an empty database, or a copy of another one that nobody is connected to.
    public func createDatabase(template: String? = nil) async throws -> TestDatabase {
        let number = Self.databaseCount.add(1, ordering: .relaxed).newValue
        let name = "test_\(getpid())_\(number)"
        let source: PostgresQuery = template.map { " TEMPLATE \(identifier: $0)" } ?? ""
        try await self.admin.query("CREATE DATABASE \(identifier: name)\(source)")
        return TestDatabase(name: name, url: self.url(database: name))
    }

    /// What the server has written, for messages.
    public var log: String { PostgresProgram.contents(of: "\(self.folder)/log") ?? "" }

    private static func url(folder: String, database: String) -> String {
        "postgresql:///\(database)?host=\(folder)&user=postgres"
    }

    private static func makeFolder() throws -> String {
        // Short: a socket's path has 107 bytes at most.
        var template = Array("/tmp/tgpg-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw PostgresProgram.Failure(
                description: "cannot make a folder in /tmp: \(String(cString: strerror(errno)))")
        }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if geteuid() == 0 {
            guard let user = getpwnam("postgres") else {
                throw PostgresProgram.Failure(
                    description: "running as root needs the user `postgres` to run the server")
            }
            chown(folder, user.pointee.pw_uid, user.pointee.pw_gid)
        }
        return folder
    }
}

extension TestPostgres {
    /// Process id of the server; 0 while it is down.
    public var pid: Int32 { self.server.withLock { $0 } }

    /// Starts the server if it is down, and waits until it takes connections.
    public func restart() throws {
        guard self.pid == 0 else { return }
        var command = [
            try PostgresProgram.path("postgres"), "-D", "\(self.folder)/data", "-k", self.folder,
            "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300",
            "-c", "shared_buffers=64MB", "-c", "max_wal_size=4GB", "-c", "log_min_messages=warning",
            "-c", "log_line_prefix=%m [%p] %d ",
        ]
        for (name, value) in self.settings { command += ["-c", "\(name)=\(value)"] }
        let pid = try PostgresProgram.spawn(command, asOrdinaryUser: true, log: "\(self.folder)/log")
        self.server.withLock { $0 = pid }
        try self.awaitReady(pid)
    }

    /// Ends the server in order: sessions are cut off, data is kept.
    public func stop() { self.end(SIGINT) }

    /// Ends the server's main process as a crash would; the others notice and end.
    public func kill() { self.end(SIGKILL) }

    /// Freezes all processes of the server: it takes connections no more, and answers none.
    public func pause() {
        let pid = self.pid
        guard pid > 0 else { return }
        // The main process first, so that it starts no others meanwhile.
        for process in [pid] + Self.children(of: pid) { Glibc.kill(process, SIGSTOP) }
    }

    /// Lets a frozen server go on.
    public func resume() {
        let pid = self.pid
        guard pid > 0 else { return }
        for process in Self.children(of: pid) + [pid] { Glibc.kill(process, SIGCONT) }
    }

    private func end(_ signal: Int32) {
        let pid = self.server.withLock { server in
            defer { server = 0 }
            return server
        }
        guard pid > 0 else { return }
        let children = Self.children(of: pid)
        for process in children + [pid] { Glibc.kill(process, SIGCONT) }
        Glibc.kill(pid, signal)
        PostgresProgram.wait(for: pid)
        // A crashed server's orphans hold its shared memory; the next start needs them gone.
        let deadline = ContinuousClock.now + .seconds(20)
        while children.contains(where: { Glibc.kill($0, 0) == 0 }), ContinuousClock.now < deadline { usleep(5000) }
    }

    /// The server writes `ready` into the eighth line of its pid file (`utils/pidfile.h`).
    private func awaitReady(_ pid: pid_t) throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let lines = PostgresProgram.contents(of: "\(self.folder)/data/postmaster.pid")?.split(separator: "\n") ?? []
            if lines.first == "\(pid)", lines.contains(where: { $0.hasPrefix("ready") }) { return }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == 0 else {
                self.server.withLock { $0 = 0 }
                throw PostgresProgram.Failure(description: "PostgreSQL ended while starting:\n\(self.log)")
            }
            usleep(5000)
        }
        throw PostgresProgram.Failure(description: "PostgreSQL was not ready within 60 s:\n\(self.log)")
    }

    private static func children(of parent: pid_t) -> [pid_t] {
        PostgresProgram.entries(of: "/proc").compactMap { pid_t($0) }.filter { process in
            // `pid (name) state ppid …`; the name may hold blanks and parentheses.
            guard let status = PostgresProgram.contents(of: "/proc/\(process)/stat"),
                let afterName = status.lastIndex(of: ")")
            else { return false }
            return status[afterName...].split(separator: " ").dropFirst(2).first == "\(parent)"
        }
    }
}

/// A shell that waits for this process to end, however it does, then ends the server and removes its folder.
private final class Watchdog: Sendable {
    private let pid: pid_t
    private let lifeline: Int32

    init(folder: String) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw PostgresProgram.Failure(description: "no descriptors left for a pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.lifeline = ends[1]
        defer { close(ends[0]) }
        self.pid = try PostgresProgram.spawn(
            ["/bin/sh", "-c", Self.script, "watchdog", folder], asOrdinaryUser: false, log: "/dev/null",
            standardInput: ends[0])
    }

    /// The write end of the pipe closes with this process: that is the signal.
    private static let script = """
        trap '' HUP INT TERM
        read -r line
        pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
        if [ -n "$pid" ] && grep -q "$1" "/proc/$pid/cmdline" 2>/dev/null; then
          kill -CONT "$pid" $(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
          kill -QUIT "$pid"
          tries=0
          while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
          kill -KILL "$pid" 2>/dev/null
        fi
        rm -rf "$1"
        """

    /// Lets it remove the folder now.
    func finish() {
        close(self.lifeline)
        PostgresProgram.wait(for: self.pid)
    }
}
