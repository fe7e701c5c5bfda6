import NIOCore

/// How large a buffer a channel reads into: doubled when a read fills it, halved after two reads that would have fitted
/// half of it, as SwiftNIO's own `AdaptiveRecvByteBufferAllocator` does. In sixteen bytes, so that a channel keeps it in
/// place: the other is a box on the heap, checked for uniqueness and looked into twice for every read.
struct ReceiveSize: RecvByteBufferAllocator {
    private var next: Int32
    private let minimum: Int32
    private let maximum: Int32
    private var wasSmall = false

    /// Powers of two.
    init(minimum: Int32, initial: Int32, maximum: Int32) {
        self.minimum = minimum
        self.next = initial
        self.maximum = maximum
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: Int(self.next)) }

    func nextBufferSize() -> Int? { Int(self.next) }

    mutating func record(actualReadBytes: Int) -> Bool {
        if actualReadBytes >= self.next {
            self.wasSmall = false
            guard self.next < self.maximum else { return false }
            self.next &*= 2
            return true
        }
        guard actualReadBytes <= self.next / 2, self.next > self.minimum else {
            self.wasSmall = false
            return false
        }
        if self.wasSmall { self.next /= 2 }
        self.wasSmall.toggle()
        return false
    }
}
