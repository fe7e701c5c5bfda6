import Glibc

/// Waiting for a server that was just started.
enum Readiness {
    /// Asks `isReady` until it says yes.
    ///
    /// - Throws: `CommandFailure` when the child ends before, or takes longer than `timeoutMs`.
    static func wait(
        for name: String, child: ChildProcess, timeoutMs: Int, isReady: () async -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .milliseconds(timeoutMs)
        while !(await isReady()) {
            let log = child.command.logPath
            guard child.isRunning else {
                let exit = await child.exit()
                throw CommandFailure(
                    "\(name) \(exit) while starting. The end of \(log):\n\(FileText.tail(log, lines: 12))")
            }
            guard clock.now < deadline else {
                throw CommandFailure(
                    "\(name) is not ready after \(timeoutMs / 1_000) s. The end of \(log):\n\(FileText.tail(log, lines: 12))"
                )
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
