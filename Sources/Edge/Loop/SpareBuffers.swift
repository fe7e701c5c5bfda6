import NIOCore

/// Buffers that a loop's exchanges take turns with. A connection between two requests holds none: of ten thousand idle
/// ones each would keep two kilobytes for nothing.
struct SpareBuffers {
    private var buffers: [ByteBuffer] = []

    private static let countMax = 512
    /// A larger one is let go, so that one large head does not stay for good.
    private static let capacityMax = 16 * 1024

    /// Makes `buffer` empty, and gives it storage if it has none and there is some to spare.
    mutating func lend(_ buffer: inout ByteBuffer) {
        // Clearing one without storage would allocate.
        guard buffer.storageCapacity == 0 else { return buffer.clear() }
        if let spare = self.buffers.popLast() { buffer = spare }
    }

    /// Takes the storage of `buffer` back, which is empty afterwards. Storage that a channel still writes from may be
    /// given: whoever takes it next gets a copy.
    mutating func takeBack(_ buffer: inout ByteBuffer) {
        guard buffer.storageCapacity > 0 else { return }
        var given = ByteBuffer()
        swap(&given, &buffer)
        guard self.buffers.count < Self.countMax, given.storageCapacity <= Self.capacityMax else { return }
        given.clear()
        self.buffers.append(given)
    }
}
