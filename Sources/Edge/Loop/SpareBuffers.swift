import NIOCore

/// Buffers that a loop's exchanges take turns with. A connection between two requests holds none: of ten thousand idle
/// ones each would keep two kilobytes for nothing.
///
/// They change places with those that are given and taken: nothing is counted up or down, and no empty buffer is made.
struct SpareBuffers {
    /// The first `count` have storage, the others have none.
    private var places: [ByteBuffer] = []
    private var count = 0

    private static let countMax = 512
    /// A larger one is let go, so that one large head does not stay for good.
    private static let capacityMax = 16 * 1024

    /// Makes `buffer` empty, and gives it storage if it has none and there is some to spare.
    mutating func lend(_ buffer: inout ByteBuffer) {
        // Clearing one without storage would allocate.
        guard buffer.storageCapacity == 0 else { return buffer.clear() }
        guard self.count > 0 else { return }
        self.count -= 1
        swap(&self.places[self.count], &buffer)
    }

    /// Takes the storage of `buffer` back, which is empty afterwards. Storage that a channel still writes from may be
    /// given: whoever takes it next gets a copy.
    mutating func takeBack(_ buffer: inout ByteBuffer) {
        guard buffer.storageCapacity > 0 else { return }
        guard self.count < Self.countMax, buffer.storageCapacity <= Self.capacityMax else {
            buffer = ByteBuffer()
            return
        }
        buffer.clear()
        if self.count == self.places.count { self.places.append(ByteBuffer()) }
        swap(&self.places[self.count], &buffer)
        self.count += 1
    }
}
