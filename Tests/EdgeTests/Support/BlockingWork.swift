import NIOPosix
import Synchronization

/// Work that blocks its thread, on one that no task and no event loop needs; it goes on while the test does other things.
final class BlockingWork: Sendable {
    private let finished = Atomic<Bool>(false)

    init(_ body: @escaping @Sendable () -> Void) {
        NIOThreadPool.singleton.submit { _ in
            body()
            self.finished.store(true, ordering: .releasing)
        }
    }

    var isFinished: Bool { self.finished.load(ordering: .acquiring) }
}
