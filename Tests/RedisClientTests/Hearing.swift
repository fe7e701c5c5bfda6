import RedisClient
import Synchronization
import TestKit

/// What waiters have heard, in order; readable from the test's task.
final class Hearing: Sendable {
    enum Event: Sendable, Equatable {
        case reply(tag: Int, RedisValue)
        case failure(tag: Int, RedisFailure)
    }

    private let heard = Mutex<[Event]>([])

    func add(_ event: Event) { self.heard.withLock { $0.append(event) } }

    var events: [Event] { self.heard.withLock { $0 } }
    var count: Int { self.heard.withLock { $0.count } }

    /// The failures alone.
    var failures: [RedisFailure] {
        self.events.compactMap { event in
            if case .failure(_, let failure) = event { return failure }
            return nil
        }
    }

    /// The replies alone.
    var values: [RedisValue] {
        self.events.compactMap { event in
            if case .reply(_, let value) = event { return value }
            return nil
        }
    }

    func wait(for count: Int) async throws {
        try await eventually("\(count) answers (\(self.count) came)") { self.count >= count }
    }
}
