import Glibc
import NIOCore
import NIOPosix
public import RedisClient
import Synchronization

/// A real redis-server of its own: on a unix socket in a temporary folder, without persistence unless asked for.
///
/// ```swift
/// let server = try await TestRedis.start()
/// let redis = try await server.connect()
/// ```
public final class TestRedis: Sendable {
    public struct Options: Sendable {
        /// An append-only file, written before every reply: a restart keeps everything that was acknowledged.
        public var isAppendOnly = false
        /// Listens on a free port of 127.0.0.1 as well.
        public var isOnTCP = false
        /// Password of the user `default`.
        public var password: String?
        /// Further arguments, as `["--maxmemory", "10mb"]`.
        public var arguments: [String] = []

        public init() {}
    }

    public let folder: TestFolder
    /// Port on 127.0.0.1; nil without TCP. The same after a restart.
    public let port: Int?
    private let options: Options
    private let process: Mutex<TestProcess>

    public var socketPath: String { "\(self.folder.path)/redis.sock" }
    public var pid: Int32? { self.process.withLock { $0.pid } }

    /// One server for the whole test process, for suites that keep apart by key prefix and neither stop it nor flush it.
    public static func shared() async throws -> TestRedis {
        try await Self.sharedServer.get()
    }

    private static let sharedServer: EventLoopFuture<TestRedis> = {
        MultiThreadedEventLoopGroup.singleton.any().makeFutureWithTask { try await TestRedis.start() }
    }()

    /// Starts a server and waits until it answers.
    public static func start(_ options: Options = Options()) async throws -> TestRedis {
        // Another process may take the free port before the server does: then with the next one.
        for _ in 0..<(options.isOnTCP ? 5 : 0) {
            if let server = try? await Self.startOnce(options) { return server }
        }
        return try await Self.startOnce(options)
    }

    private static func startOnce(_ options: Options) async throws -> TestRedis {
        let folder = try TestFolder(prefix: "tollgate-redis")
        let port = options.isOnTCP ? try await Self.freePort() : nil
        let process = try await Self.launch(options, folder: folder, port: port)
        let server = TestRedis(options: options, folder: folder, port: port, process: process)
        AtExit.add { [weak server] in server?.process.withLock { $0.killAndReap() } }
        try await server.waitUntilReady()
        return server
    }

    private init(options: Options, folder: TestFolder, port: Int?, process: TestProcess) {
        self.options = options
        self.folder = folder
        self.port = port
        self.process = Mutex(process)
    }

    deinit {
        self.process.withLock { $0.killAndReap() }
        self.folder.remove()
    }

    // MARK: Reaching it

    /// How to reach it over the unix socket. Patient deadlines: tests share slow machines, and say so where a deadline
    /// is what they test.
    public func configuration(commandDeadlineMs: Int = 20_000) -> RedisConfiguration {
        self.configuration(.unix(path: self.socketPath), commandDeadlineMs)
    }

    /// As `configuration()`, over TCP; nil when the server was started without.
    public func configurationOnTCP(commandDeadlineMs: Int = 20_000) -> RedisConfiguration? {
        self.port.map { self.configuration(.tcp(host: "127.0.0.1", port: $0), commandDeadlineMs) }
    }

    private func configuration(
        _ endpoint: RedisConfiguration.Endpoint, _ commandDeadlineMs: Int
    ) -> RedisConfiguration {
        var configuration = RedisConfiguration(endpoint: endpoint)
        configuration.password = self.options.password
        configuration.clientName = "tests"
        configuration.connectTimeoutMs = 20_000
        configuration.commandDeadlineMs = commandDeadlineMs
        configuration.stallTimeoutMs = 60_000
        configuration.reconnectDelayMinMs = 5
        configuration.reconnectDelayMaxMs = 50
        return configuration
    }

    /// A connection for tasks. The caller closes it.
    public func connect(scripts: [RedisScript] = []) async throws -> RedisConnection {
        try await RedisConnection.connect(self.configuration(), scripts: scripts)
    }

    /// One command on a connection of its own.
    @discardableResult
    public func command(_ arguments: RedisArgument...) async throws -> RedisValue {
        let connection = try await self.connect()
        do {
            let value = try await connection.command(arguments)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    // MARK: Its life

    /// SIGTERM. With an append-only file nothing is lost.
    public func stop() async throws {
        try await self.current().terminate()
    }

    /// SIGKILL.
    public func kill() async throws {
        try await self.current().kill()
    }

    /// SIGSTOP: it accepts connections (the kernel does), and answers nothing.
    public func pause() async throws {
        try await self.current().pause()
    }

    /// SIGCONT.
    public func resume() {
        self.current().resume()
    }

    /// Kills it if it runs, starts it again on the same socket and port, and waits until it answers. Without an
    /// append-only file it comes back empty.
    public func restart() async throws {
        try await self.current().kill()
        unlink(self.socketPath)
        let process = try await Self.launch(self.options, folder: self.folder, port: self.port)
        self.process.withLock { $0 = process }
        try await self.waitUntilReady()
    }

    private func current() -> TestProcess {
        self.process.withLock { $0 }
    }

    private static func launch(_ options: Options, folder: TestFolder, port: Int?) async throws -> TestProcess {
        let program = try TestProcess.find("redis-server", package: "redis-server")
        var arguments = [
            "--port", "\(port ?? 0)", "--bind", "127.0.0.1", "--unixsocket", "\(folder.path)/redis.sock",
            "--dir", folder.path, "--save", "", "--daemonize", "no", "--databases", "16",
        ]
        arguments +=
            options.isAppendOnly ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"]
        if let password = options.password { arguments += ["--requirepass", password] }
        return try await TestProcess.start(program, arguments + options.arguments, log: "\(folder.path)/redis.log")
    }

    private func waitUntilReady() async throws {
        let connection = RedisConnection(self.configuration())
        await connection.start()
        do {
            try await eventually("redis-server's readiness") {
                guard self.current().isRunning else {
                    let log = TestFolder.readFile("\(self.folder.path)/redis.log") ?? ""
                    throw TestProcess.StartError("redis-server ended at once; its log:\n\(log)")
                }
                return await connection.state == .ready
            }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    /// A port nobody listens on now.
    static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port
        try await channel.close()
        guard let port else { throw TestProcess.StartError("no free port on 127.0.0.1") }
        return port
    }
}
