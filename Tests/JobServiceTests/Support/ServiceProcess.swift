import Foundation
import NIOHTTP1
import TestKit
import Testing

/// The real executable as a process of its own.
final class ServiceProcess: Sendable {
    let pid: Int32
    let socket: String

    /// Starts it, and returns once it answers.
    init(on database: TestDatabase, _ options: [String] = []) async throws {
        // A socket in the folder of files: no race for a free port, and short enough for an address.
        let socket = "/tmp/job-service-\(UUID().uuidString.prefix(13)).sock"
        self.socket = socket
        self.pid = try Self.spawn(
            [try Self.executable(), "--listen", "unix:\(socket)", "--database", database.url, "--create-schema"]
                + options)
        let service = self.service(on: database)
        do {
            try await eventually("job-service on \(socket)") {
                (try? await service.call(.GET, "/healthz"))?.status == 200
            }
        } catch {
            self.end(SIGKILL)
            throw error
        }
    }

    deinit { self.end(SIGKILL) }

    /// Its HTTP side.
    func service(on database: TestDatabase) -> RunningService {
        RunningService(
            url: "http+unix://" + self.socket.split(separator: "/").reduce("") { $0 + "%2F" + $1 }, database: database,
            shutDown: {})
    }

    /// Sends a signal.
    func signal(_ signal: Int32) { kill(self.pid, signal) }

    /// How it ended, once it has; -1 if there is no such child any more.
    func exitStatus() async throws -> Int32 {
        var status: Int32 = -1
        try await eventually("process \(self.pid) ends") { waitpid(self.pid, &status, WNOHANG) != 0 }
        return status
    }

    private func end(_ signal: Int32) {
        defer { unlink(self.socket) }
        // Only while it is still our child: a number may belong to somebody else afterwards.
        guard waitpid(self.pid, nil, WNOHANG) == 0 else { return }
        kill(self.pid, signal)
        waitpid(self.pid, nil, 0)
    }

    /// The product beside the test bundle.
    private static func executable() throws -> String {
        let own = try #require(try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let candidates = [own] + CommandLine.arguments
        let found = candidates.map { $0.split(separator: "/", omittingEmptySubsequences: false).dropLast() }
            .map { $0.joined(separator: "/") + "/job-service" }
            .first { access($0, X_OK) == 0 }
        return try #require(found, "job-service was not built beside \(own)")
    }

    private static func spawn(_ command: [String]) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in [0, 1, 2] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        // What the test has open is not the service's business.
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in open.compactMap({ Int32($0) }) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: Int32 = 0
        let problem = posix_spawn(&pid, command[0], &actions, nil, &arguments, environ)
        try #require(problem == 0, "cannot start \(command[0])")
        return pid
    }
}
