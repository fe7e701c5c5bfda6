import Glibc
import Logging

/// A server of an earlier run, which may still be on its way out, or whose pid file is all that is left of it.
enum Predecessor {
    /// Returns once no process `pid` with this name is left.
    ///
    /// - Throws: `CommandFailure` when it stays.
    static func waitForEnd(of pid: Int32, named name: String, logger: Logger) async throws {
        guard Self.isAlive(pid, named: name) else { return }
        logger.notice(
            "Waiting for a server of the previous run to stop", metadata: ["pid": "\(pid)", "name": "\(name)"])
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(15)
        while Self.isAlive(pid, named: name) {
            guard clock.now < deadline else {
                throw CommandFailure(
                    "\(name) of a previous run (PID \(pid)) still uses the data folder and does not stop.",
                    hint: "Stop it: kill \(pid)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// A number may have gone to another program since the file was written: the name tells.
    static func isAlive(_ pid: Int32, named name: String) -> Bool {
        (FileText.read("/proc/\(pid)/comm") ?? "").filter { !$0.isNewline } == String(name.prefix(15))
    }
}
