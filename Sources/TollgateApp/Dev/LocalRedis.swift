import Glibc
import Logging

/// The demo's own Redis: a unix socket, no port, every write in an append-only file.
struct LocalRedis {
    let child: ChildProcess
    let socketPath: String

    var url: String { "unix://\(self.socketPath)" }

    /// Starts it and waits until it answers.
    ///
    /// - Throws: `CommandFailure` with the end of its log.
    static func start(_ data: DataFolder, sockets: String, logger: Logger) async throws -> LocalRedis {
        try DataFolder.make(data.redisFolder, mode: 0o700)
        try await Self.waitForPredecessor(data, logger: logger)
        let socketPath = "\(sockets)/redis.sock"
        let log = data.log("redis")
        var command = ChildCommand(
            "redis-server", try ProgramPath.find("redis-server", package: "redis-server"),
            [
                "--port", "0", "--unixsocket", socketPath, "--unixsocketperm", "700", "--dir", data.redisFolder,
                "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
                "--daemonize", "no", "--pidfile", "\(data.redisFolder)/redis.pid",
            ], logPath: log)
        command.deathSignal = "TERM"
        let child = try await ChildProcess.start(command)
        // A large append-only file is read before the first answer.
        try await Readiness.wait(for: "Redis", child: child, timeoutMs: 60_000) { Self.answers(socketPath) }
        return LocalRedis(child: child, socketPath: socketPath)
    }

    /// A Redis whose `tollgate dev` was killed a moment ago is still writing its files.
    private static func waitForPredecessor(_ data: DataFolder, logger: Logger) async throws {
        let pidFile = "\(data.redisFolder)/redis.pid"
        guard let pid = Int32((FileText.read(pidFile) ?? "").filter(\.isNumber)) else { return }
        try await Predecessor.waitForEnd(of: pid, named: "redis-server", logger: logger)
        unlink(pidFile)
    }

    /// PING over the socket, by hand: the real client comes later.
    private static func answers(_ path: String) -> Bool {
        let descriptor = UnixSocket.connect(path)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let request = Array("PING\r\n".utf8)
        guard write(descriptor, request, request.count) == request.count else { return false }
        var reply = [UInt8](repeating: 0, count: 16)
        return read(descriptor, &reply, reply.count) > 0 && reply.starts(with: Array("+PONG".utf8))
    }
}
