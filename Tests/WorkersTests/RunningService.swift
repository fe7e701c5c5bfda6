import Logging
import ServiceLifecycle

/// Runs a service as the program does, for as long as `body` takes, then shuts it down in order and waits for its end.
func running(_ service: any Service, _ body: () async throws -> Void) async throws {
    let (starts, started) = AsyncStream<Void>.makeStream()
    let group = ServiceGroup(
        services: [service, StartSignal(started: started)],
        logger: Logger(label: "workers", factory: { _ in SwiftLogNoOpLogHandler() }))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        for await _ in starts { break }
        do {
            try await body()
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}

/// Says that its group runs.
private struct StartSignal: Service {
    let started: AsyncStream<Void>.Continuation

    func run() async throws {
        self.started.yield()
        try await gracefulShutdown()
    }
}
