import Glibc
import Synchronization

/// What to do when the test process exits in an orderly way, the latest added first.
public enum AtExit {
    private static let actions = Mutex<[@Sendable () -> Void]>([])
    private static let isRegistered: Bool = atexit { AtExit.runAll() } == 0

    public static func add(_ action: @escaping @Sendable () -> Void) {
        _ = self.isRegistered
        self.actions.withLock { $0.append(action) }
    }

    private static func runAll() {
        let all = self.actions.withLock { actions in
            defer { actions = [] }
            return actions
        }
        for action in all.reversed() { action() }
    }
}
