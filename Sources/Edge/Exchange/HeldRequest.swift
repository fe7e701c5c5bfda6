import HTTPWire
import NIOCore

/// A request that cannot be decided yet: its head waits for the principal to be looked up, or for the rest of its body.
final class HeldRequest {
    /// The head as it came; examined again when the wait is over.
    let head: ByteBuffer
    /// The content of a keyed request, transfer coding removed.
    var body = ByteBuffer()
    /// Whether `body` is complete.
    var isGathered = false

    init(head: ByteBuffer) {
        self.head = head
    }
}
