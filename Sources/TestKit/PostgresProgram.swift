import Glibc

/// Finding and starting PostgreSQL's programs, as an ordinary user: the server refuses to run as root.
enum PostgresProgram {
    /// What could not be done, for the person whose test run it stops.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The newest installed version's program; Debian keeps them out of PATH.
    static func path(_ name: String) throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = entries(of: root).compactMap(Int.init).sorted(by: >)
        let candidates = versions.map { "\(root)/\($0)/bin/\(name)" } + ["/usr/local/bin/\(name)", "/usr/bin/\(name)"]
        guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw Failure(description: "PostgreSQL's `\(name)` is not installed; on Debian: apt-get install postgresql")
        }
        return found
    }

    /// Starts a program as leader of a session of its own, so that a Ctrl-C at the terminal does not reach it.
    static func spawn(
        _ command: [String], asOrdinaryUser: Bool, log: String, standardInput: Int32? = nil
    ) throws -> pid_t {
        let command = asOrdinaryUser && geteuid() == 0 ? dropRoot + command : command
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let standardInput {
            posix_spawn_file_actions_adddup2(&actions, standardInput, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // Descriptors of this process must not live on in the server: others wait for them to close.
        for descriptor in entries(of: "/proc/self/fd").compactMap(Int32.init) where descriptor > 2 {
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
        let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID, which the Swift overlay does not show
        posix_spawnattr_setflags(&attributes, Int16(newSession | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var pid = pid_t()
        var arguments = copied(command)
        var environment = copied(["PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C.UTF-8", "TZ=UTC"])
        defer { for text in arguments + environment { free(text) } }
        let problem = posix_spawn(&pid, command[0], &actions, &attributes, &arguments, &environment)
        guard problem == 0 else {
            throw Failure(description: "cannot start \(command[0]): \(String(cString: strerror(problem)))")
        }
        return pid
    }

    /// Runs a program to its end.
    static func run(_ command: [String], log: String) throws {
        let pid = try spawn(command, asOrdinaryUser: true, log: log)
        let status = wait(for: pid)
        guard status == 0 else {
            throw Failure(description: "\(command[0]) ended with status \(status):\n\(contents(of: log) ?? "")")
        }
    }

    /// Blocks until a child has ended; its status as `waitpid` gives it.
    @discardableResult
    static func wait(for pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status
    }

    /// A file's text.
    static func contents(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = read(descriptor, &chunk, chunk.count), count > 0 { bytes += chunk.prefix(count) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Names in a folder.
    static func entries(of folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }

    private static func copied(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        var copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        copies.append(nil)
        return copies
    }

    private static let dropRoot = [
        "/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--",
    ]
}
