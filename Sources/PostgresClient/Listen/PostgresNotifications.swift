/// What a listener learns.
public enum PostgresNotification: Sendable, Hashable {
    /// Listening has begun, or begun again: what was sent before may have been missed, so look for yourself once.
    case listening
    /// Somebody ran `NOTIFY`.
    case message(channel: String, payload: String)
    /// The connection was lost or could not be made; the next try follows by itself.
    case interrupted(PostgresError)
}

/// Endless sequence of what is notified on some channels; it ends with its task.
///
/// Every iterator has a connection of its own, outside the pool's bound, and makes it again after a loss, with
/// growing pauses. Notifications are taken from the server as fast as the caller asks, no faster.
public struct PostgresNotifications: AsyncSequence, Sendable {
    /// What is heard.
    public typealias Element = PostgresNotification

    let configuration: PostgresConfiguration
    let canceller: PostgresThread
    let channels: [String]

    /// Starts without connecting; the first `next` does.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(
            listener: PostgresListener(self.configuration, channels: self.channels, canceller: self.canceller))
    }

    /// Pulls one event at a time.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let listener: PostgresListener
        private var pause = Duration.zero

        init(listener: PostgresListener) { self.listener = listener }

        /// The next event; nil once the task is cancelled.
        public mutating func next() async -> PostgresNotification? {
            if self.pause > .zero { try? await Task.sleep(for: self.pause) }
            let operation = PostgresOperation(signal: self.listener.signal, timeout: nil)
            let event = await withTaskCancellationHandler {
                await self.listener.next(operation)
            } onCancel: {
                operation.cancel()
            }
            if case .interrupted = event {
                self.pause = Swift.min(Swift.max(self.pause * 2, .milliseconds(50)), .seconds(2))
            } else {
                self.pause = .zero
            }
            return event
        }
    }
}

extension PostgresPool {
    /// Listens to channels: `for await event in pool.notifications(on: "outbox")`.
    public func notifications(on channels: String...) -> PostgresNotifications {
        PostgresNotifications(configuration: self.configuration, canceller: self.canceller, channels: channels)
    }
}
