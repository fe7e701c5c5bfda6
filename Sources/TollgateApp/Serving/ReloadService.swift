import Domain
import Logging
import ServiceLifecycle
import UnixSignals

/// SIGHUP: reads the configuration file again. A file with errors changes nothing; the log names each.
struct ReloadService: Service {
    let path: String
    let current: Configuration
    let apply: @Sendable (Configuration) async -> Void
    let logger: Logger

    func run() async throws {
        var current = self.current
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            guard let next = self.load() else { continue }
            self.warnOfWhatStays(current, next)
            await self.apply(next)
            current = next
            self.logger.notice("Configuration reloaded", metadata: ["path": "\(self.path)"])
        }
    }

    private func load() -> Configuration? {
        do {
            return try ConfigurationFile.load(self.path)
        } catch {
            self.logger.error(
                "Configuration not reloaded: the old one stays",
                metadata: ["path": "\(self.path)", "error": "\(error)"])
            return nil
        }
    }

    /// What is bound or connected at the start stays until the next one.
    private func warnOfWhatStays(_ old: Configuration, _ new: Configuration) {
        var sections: [String] = []
        if old.edge.listen != new.edge.listen || old.edge.threads != new.edge.threads { sections.append("edge") }
        if old.admin != new.admin { sections.append("admin") }
        if old.redis != new.redis { sections.append("redis") }
        if old.postgres != new.postgres { sections.append("postgres") }
        if old.logging != new.logging { sections.append("logging") }
        if old.workers != new.workers { sections.append("workers") }
        guard !sections.isEmpty else { return }
        self.logger.warning(
            "Some changes take effect at the next start only",
            metadata: ["sections": "\(sections.joined(separator: ", "))"])
    }
}
