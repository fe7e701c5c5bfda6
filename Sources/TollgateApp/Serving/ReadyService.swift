import ServiceLifecycle

/// Says once that everything is bound, then only waits for the end.
struct ReadyService: Service {
    private let ports: @Sendable () -> ServeProcess.Ports?
    private let onReady: @Sendable (ServeProcess.Ports) throws -> Void

    init(
        _ ports: @escaping @Sendable () -> ServeProcess.Ports?,
        onReady: @escaping @Sendable (ServeProcess.Ports) throws -> Void
    ) {
        self.ports = ports
        self.onReady = onReady
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while true {
                if let ports = self.ports() {
                    try self.onReady(ports)
                    StartupPages.giveBack()
                    break
                }
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        try await gracefulShutdown()
    }
}
