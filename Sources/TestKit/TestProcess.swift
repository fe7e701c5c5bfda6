import Glibc
import NIOPosix
import Synchronization

/// A server started for tests: a child process that dies with the test process, whatever ends that.
///
/// `setpriv --pdeathsig KILL` (util-linux) runs the program with the kernel's promise to kill it when its parent thread
/// ends. Thread, not process: so it is always spawned from a thread that lives as long as the process.
public final class TestProcess: Sendable {
    /// What a test could not start, and how to mend it.
    public struct StartError: Error, CustomStringConvertible {
        public let description: String

        public init(_ description: String) {
            self.description = description
        }
    }

    private enum State {
        case running(pid_t)
        case ended
    }

    private let state: Mutex<State>

    private init(pid: pid_t) {
        self.state = Mutex(.running(pid))
    }

    /// Starts `program` (an absolute path) with stdout and stderr appended to `log`.
    public static func start(_ program: String, _ arguments: [String], log: String) async throws -> TestProcess {
        let setpriv = try Self.find("setpriv", package: "util-linux")
        let command = [setpriv, "--pdeathsig", "KILL", program] + arguments
        let pid = try await NIOThreadPool.singleton.runIfActive { try Self.spawn(command, log: log) }
        return TestProcess(pid: pid)
    }

    /// The path of a program in PATH, or in a folder servers are installed to.
    public static func find(_ name: String, package: String) throws -> String {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        for folder in path.split(separator: ":").map(String.init) + ["/usr/bin", "/usr/sbin", "/usr/local/bin"] {
            let candidate = "\(folder)/\(name)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw StartError("\(name) is not in PATH; install it: apt-get install \(package)")
    }

    public var isRunning: Bool {
        self.state.withLock { state in
            guard case .running(let pid) = state else { return false }
            guard waitpid(pid, nil, WNOHANG) == 0 else {
                state = .ended
                return false
            }
            return true
        }
    }

    /// nil once it has ended and was waited for.
    public var pid: Int32? {
        self.state.withLock { state in
            guard case .running(let pid) = state else { return nil }
            return pid
        }
    }

    public func send(_ signal: Int32) {
        self.state.withLock { state in
            if case .running(let pid) = state { _ = Glibc.kill(pid, signal) }
        }
    }

    /// SIGTERM, and waits for the end.
    public func terminate() async throws {
        self.send(SIGCONT)
        self.send(SIGTERM)
        try await eventually("the end of a child process") { !self.isRunning }
    }

    /// SIGKILL, and waits for the end. Works on a stopped process too.
    public func kill() async throws {
        self.send(SIGKILL)
        try await eventually("the end of a child process") { !self.isRunning }
    }

    /// As `kill`, without `await`: for exit handlers.
    public func killAndReap() {
        self.state.withLock { state in
            guard case .running(let pid) = state else { return }
            _ = Glibc.kill(pid, SIGKILL)
            _ = waitpid(pid, nil, 0)
            state = .ended
        }
    }

    /// SIGSTOP, and waits until the kernel says that it has stopped.
    public func pause() async throws {
        self.send(SIGSTOP)
        try await eventually("a child process stopped") { self.kernelState() == "T" }
    }

    /// SIGCONT.
    public func resume() {
        self.send(SIGCONT)
    }

    /// The letter of `/proc/PID/stat`: R, S, T (stopped), Z …
    private func kernelState() -> Character? {
        guard let pid = self.pid, let stat = TestFolder.readFile("/proc/\(pid)/stat") else { return nil }
        return stat.split(separator: ")").last?.first { $0 != " " }
    }

    /// A number beyond every descriptor that is open now or will be when the child is made: other threads open some
    /// meanwhile. glibc takes none beyond the limit.
    private static func descriptorBound() -> Int32 {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let highest = PostgresProgram.entries(of: "/proc/self/fd").compactMap { Int32($0) }.max() ?? 1_024
        return Int32(clamping: min(UInt64(limit.rlim_cur), UInt64(highest) + 1_024))
    }

    private static func spawn(_ command: [String], log: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Sockets of this process must not live on in the child: their ports would stay taken, their peers see no end.
        // (glibc passes over those that are not open; its addclosefrom_np is not visible to Swift.)
        for descriptor in 3..<Self.descriptorBound() { posix_spawn_file_actions_addclose(&actions, descriptor) }
        // Threads of a pool block signals, and a child inherits that: SIGTERM would never arrive.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (unblocked, defaulted) = (sigset_t(), sigset_t())
        sigemptyset(&unblocked)
        sigfillset(&defaulted)
        posix_spawnattr_setsigmask(&attributes, &unblocked)
        posix_spawnattr_setsigdefault(&attributes, &defaulted)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        defer { arguments.forEach { free($0) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, command[0], &actions, &attributes, &arguments, environ)
        guard status == 0 else {
            throw StartError("cannot start \(command[0]): \(String(cString: strerror(status)))")
        }
        return pid
    }
}
