import Glibc
import Synchronization

/// A child process that ends when we do, however we end.
///
/// The kernel's death signal is bound to the thread that started the child, not to the process. So every child has a
/// thread of its own here, which starts it and waits for its end, and lives exactly as long.
final class ChildProcess: Sendable {
    enum Exit: Sendable, Equatable, CustomStringConvertible {
        case status(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .status(let status): "ended with status \(status)"
            case .signal(let signal): "was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
            }
        }
    }

    private struct State {
        var pid: pid_t = 0
        var exit: Exit?
        var waiters: [Int: CheckedContinuation<Exit?, Never>] = [:]
        var nextWaiter = 0
    }

    let command: ChildCommand
    private let state = Mutex(State())

    private init(_ command: ChildCommand) {
        self.command = command
    }

    /// Starts the program.
    ///
    /// - Throws: `CommandFailure` when it cannot be started.
    static func start(_ command: ChildCommand) async throws -> ChildProcess {
        let child = ChildProcess(command)
        let setpriv = try ProgramPath.find("setpriv", package: "util-linux")
        let problem: Int32 = await withCheckedContinuation { continuation in
            let started = DedicatedThread.start {
                let problem = child.spawn(command.line(setpriv: setpriv))
                continuation.resume(returning: problem)
                if problem == 0 { child.waitForEnd() }
            }
            if !started { continuation.resume(returning: EAGAIN) }
        }
        guard problem == 0 else {
            throw CommandFailure(
                "Cannot start \(command.name) (\(command.program)): \(String(cString: strerror(problem))).")
        }
        return child
    }

    /// Runs a program to its end.
    ///
    /// - Throws: `CommandFailure` with the end of its output when it fails.
    static func run(_ command: ChildCommand) async throws {
        let child = try await Self.start(command)
        let exit = await child.exit()
        guard exit == .status(0) else {
            throw CommandFailure(
                "\(command.name) \(exit). Its last words:\n\(FileText.tail(command.logPath, lines: 15))")
        }
    }

    /// nil once it has ended.
    var pid: Int32? { self.state.withLock { $0.exit == nil ? $0.pid : nil } }

    var isRunning: Bool { self.pid != nil }

    /// Sends a signal, if it still runs.
    func send(_ signal: Int32) {
        self.state.withLock { state in
            if state.exit == nil, state.pid > 0 { _ = kill(state.pid, signal) }
        }
    }

    /// Waits for the end. A cancelled wait returns at once, with what is known.
    func exit() async -> Exit {
        let id = self.state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let exit = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known: Exit?? = self.state.withLock { state in
                    if let exit = state.exit { return exit }
                    if Task.isCancelled { return .some(nil) }
                    state.waiters[id] = continuation
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            let waiter = self.state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.resume(returning: nil)
        }
        return exit ?? .status(-1)
    }

    /// Asks it to stop, and kills it when it has not after `graceMs`.
    func stop(signal: Int32, graceMs: Int) async -> Exit {
        self.send(signal)
        let ended = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                _ = await self.exit()
                return true
            }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(graceMs))
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        if !ended { self.send(SIGKILL) }
        return await self.exit()
    }

    // MARK: On the child's thread

    private func spawn(_ line: [String]) -> Int32 {
        // What the child writes to is ours to make: its user may not be allowed to.
        let log = open(self.command.logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard log >= 0 else { return errno }
        defer { close(log) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, log, 1)
        posix_spawn_file_actions_adddup2(&actions, log, 2)
        // Ours close by themselves (O_CLOEXEC); this is for those that a library forgot.
        for descriptor in FileText.entries(of: "/proc/self/fd").compactMap(Int32.init) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // A session of its own: Ctrl-C at the terminal is for us, and we stop the children in order.
        let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID, which the overlay does not show
        posix_spawnattr_setflags(&attributes, Int16(newSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var arguments = Self.copied(line)
        var environment = Self.copied(self.environmentLines)
        defer { for text in arguments + environment { free(text) } }
        var pid = pid_t()
        let problem = posix_spawn(&pid, line[0], &actions, &attributes, &arguments, &environment)
        if problem == 0 { self.state.withLock { $0.pid = pid } }
        return problem
    }

    private var environmentLines: [String] {
        var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TZ": "UTC"]
        for (name, value) in self.command.environment { variables[name] = value }
        return variables.map { "\($0.key)=\($0.value)" }
    }

    private func waitForEnd() {
        let pid = self.state.withLock { $0.pid }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        let exit: Exit = signal == 0 ? .status((status >> 8) & 0xff) : .signal(signal)
        let waiters = self.state.withLock { state in
            state.exit = exit
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: exit) }
    }

    /// A null-terminated list of C strings, to be freed by the caller.
    private static func copied(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        texts.map { strdup($0) } + [nil]
    }
}
