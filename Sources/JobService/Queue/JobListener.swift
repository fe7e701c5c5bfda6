import Logging
import PostgresClient
import ServiceLifecycle

/// Carries notifications from PostgreSQL to the hub, and ticks.
struct JobListener: Service {
    let pool: PostgresPool
    let hub: JobHub
    /// Between two signs of life on an event stream.
    let tickEvery: Duration
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.listen() }
                group.addTask { await self.tick() }
            }
        }
    }

    private func listen() async {
        let listening = OutageLog("listen for notifications", logger: self.logger)
        for await event in self.pool.notifications(on: JobNotice.channel) {
            switch event {
            case .listening:
                listening.worked()
                self.hub.publishAll()
            case .message(_, let payload):
                if let notice = JobNotice(payload: payload) { self.hub.publish(notice) }
            case .interrupted(let error): listening.failed(error)
            }
        }
    }

    private func tick() async {
        while (try? await Task.sleep(for: self.tickEvery)) != nil { self.hub.tick() }
    }
}
