import Edge
import Synchronization

/// Which keys an edge said were used.
final class UseLog: Sendable {
    private let uses = Mutex<[KeyUse]>([])

    func note(_ batch: [KeyUse]) { self.uses.withLock { $0 += batch } }

    var keys: [String] { self.uses.withLock { $0.map(\.keyID) } }
}
