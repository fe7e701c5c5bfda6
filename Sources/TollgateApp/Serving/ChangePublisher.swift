import Logging
import Workers

/// Tells Redis what the admin API has just committed, so that the caller's next request at the edge meets it. The outbox
/// has it all the same: whatever fails or takes too long here, a worker makes up for.
struct ChangePublisher: Sendable {
    let stores: Stores
    let logger: Logger

    /// The longest that an answer waits for it.
    private static let patience = Duration.seconds(2)
    private static let batchMax = 500

    /// Publishes what waits in the outbox of these orgs and of the system; of all orgs for nil.
    func publish(orgIDs: [String]?) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.publishNow(orgIDs) }
            group.addTask { try? await Task.sleep(for: Self.patience) }
            await group.next()
            group.cancelAll()
        }
    }

    private func publishNow(_ orgIDs: [String]?) async {
        do {
            try await self.stores.publisher.publishWaiting(for: orgIDs)
        } catch {
            self.logger.warning(
                "A change is recorded, and published by a worker later", metadata: ["error": "\(error)"])
        }
    }
}
