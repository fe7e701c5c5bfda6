import Synchronization

/// A value that becomes known once: the first one set counts.
final class FirstValue<Value: Sendable>: Sendable {
    private let state = Mutex<Value?>(nil)

    func set(_ value: Value) {
        self.state.withLock { if $0 == nil { $0 = value } }
    }

    /// nil until it is set.
    var now: Value? { self.state.withLock { $0 } }
}
