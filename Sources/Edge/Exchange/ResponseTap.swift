import Digests
import Domain
import HTTPWire
import NIOCore

/// What is kept of an answer while it streams through: its body for replay or for a JSON pointer, each up to a cap, or
/// the last event of an event stream. A class, so that the many answers that need none of it cost one nil.
final class ResponseTap {
    /// End-to-end fields as they will be replayed.
    var head = ByteBuffer()
    private(set) var body = ByteBuffer()
    private(set) var bodyBytes = 0
    private(set) var overflowed = false
    private let keepsBody: Bool
    private let bodyBytesMax: Int
    private var events: EventStreamScanner?

    init(keepsBody: Bool, bodyBytesMax: Int, readsEvents: Bool) {
        self.keepsBody = keepsBody
        self.bodyBytesMax = bodyBytesMax
        self.events = readsEvents ? EventStreamScanner() : nil
    }

    private var digest = SHA256Hasher()

    /// SHA-256 of the whole body, kept or not.
    var digestHex: String { self.digest.finish().hexText }

    func write(_ bytes: Span<UInt8>) {
        self.bodyBytes += bytes.count
        if self.keepsBody { self.digest.update(bytes) }
        if self.keepsBody, !self.overflowed {
            if self.bodyBytes > self.bodyBytesMax {
                self.overflowed = true
                self.body = ByteBuffer()
            } else {
                self.body.writeBytes(bytes.bytes)
            }
        }
        self.events?.read(bytes)
    }

    /// The value of an integer at `pointer` in the JSON body; nil where there is none.
    func integer(at pointer: JSONPointer) -> Int? {
        guard self.keepsBody, !self.overflowed else { return nil }
        let body = self.body
        return pointer.integer(in: body.readableBytesUInt8Span)
    }

    /// The same in the data of the last event that is JSON.
    func lastEventInteger(at pointer: JSONPointer) -> Int? {
        self.events?.integer(at: pointer)
    }
}
