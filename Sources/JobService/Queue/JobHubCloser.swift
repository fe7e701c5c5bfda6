import ServiceLifecycle

/// Ends all watching when the process is asked to end, so that open event streams do not hold the server up.
struct JobHubCloser: Service {
    let hub: JobHub

    func run() async throws {
        try? await gracefulShutdown()
        self.hub.close()
    }
}
