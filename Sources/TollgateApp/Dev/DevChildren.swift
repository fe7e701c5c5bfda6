import Logging
import ServiceLifecycle

/// The children in the order of their start.
struct DevChildren {
    private struct Member {
        let child: ChildProcess
        let stopSignal: Int32
        let graceMs: Int
    }

    private var members: [Member] = []
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    var all: [ChildProcess] { self.members.map(\.child) }

    mutating func add(_ child: ChildProcess, stopSignal: Int32, graceMs: Int) {
        self.members.append(Member(child: child, stopSignal: stopSignal, graceMs: graceMs))
    }

    /// Stops them in reverse, each after the one that needs it.
    func stop() async {
        for member in self.members.reversed() where member.child.isRunning {
            self.logger.info("Stopping", metadata: ["name": "\(member.child.command.name)"])
            let exit = await member.child.stop(signal: member.stopSignal, graceMs: member.graceMs)
            if exit != .status(0) {
                self.logger.warning(
                    "\(member.child.command.name) \(exit)", metadata: ["log": "\(member.child.command.logPath)"])
            }
        }
    }
}

/// Ends everything when a child ends that nobody stopped.
struct ChildWatch: Service {
    let children: [ChildProcess]

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for child in self.children {
                group.addTask {
                    let exit = await child.exit()
                    try Task.checkCancellation()
                    let log = child.command.logPath
                    throw CommandFailure(
                        "\(child.command.name) \(exit). The end of \(log):\n\(FileText.tail(log, lines: 12))")
                }
            }
            group.addTask { try await gracefulShutdown() }
            // Either a child ended, which throws, or it is time to stop.
            try await group.next()
            group.cancelAll()
        }
    }
}
