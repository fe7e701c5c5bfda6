/// Memory of one reply, written by hiredis's callbacks and read by ``RedisReply``: nodes and their bytes, no objects.
///
/// Raw pointers on purpose: with `Array` and its checked closures a four-integer reply took three times as long.
struct ReplyStorage {
    private(set) var nodes: UnsafeMutablePointer<ReplyNode>
    private(set) var bytes: UnsafeMutablePointer<UInt8>
    private(set) var nodeCount = 0
    private var byteCount = 0
    private(set) var nodeCapacity = Self.nodesKept
    private(set) var byteCapacity = Self.bytesKept
    private let bytesMax: Int

    /// What is kept from reply to reply; a larger reply's memory is given back after it.
    static let nodesKept = 256
    static let bytesKept = 16 << 10

    init(bytesMax: Int) {
        self.nodes = .allocate(capacity: Self.nodesKept)
        self.bytes = .allocate(capacity: Self.bytesKept)
        self.bytesMax = bytesMax
    }

    func deallocate() {
        self.nodes.deallocate()
        self.bytes.deallocate()
    }

    /// Forgets the reply; memory beyond what is kept is returned.
    mutating func reset() {
        self.nodeCount = 0
        self.byteCount = 0
        if self.nodeCapacity > Self.nodesKept { self.moveNodes(toCapacity: Self.nodesKept) }
        if self.byteCapacity > Self.bytesKept { self.moveBytes(toCapacity: Self.bytesKept) }
    }

    /// The new node's index, or nil when the reply is longer than allowed.
    mutating func append(_ node: ReplyNode) -> Int? {
        if self.nodeCount == self.nodeCapacity {
            guard self.nodeCapacity * MemoryLayout<ReplyNode>.stride < self.bytesMax else { return nil }
            self.moveNodes(toCapacity: self.nodeCapacity * 2)
        }
        (self.nodes + self.nodeCount).initialize(to: node)
        self.nodeCount += 1
        return self.nodeCount - 1
    }

    /// As `append`, with bytes that are copied.
    mutating func append(_ kind: RedisReply.Kind, _ text: UnsafeRawPointer, count: Int) -> Int? {
        let end = self.byteCount + count
        guard end <= self.bytesMax else { return nil }
        if end > self.byteCapacity { self.moveBytes(toCapacity: max(end, min(self.byteCapacity * 2, self.bytesMax))) }
        UnsafeMutableRawPointer(self.bytes + self.byteCount).copyMemory(from: text, byteCount: count)
        defer { self.byteCount = end }
        return self.append(ReplyNode(kind: kind, value: Int64(self.byteCount), count: Int32(truncatingIfNeeded: count)))
    }

    mutating func markHoldsArrays(at index: Int) {
        self.nodes[index].holdsArrays = true
    }

    private mutating func moveNodes(toCapacity capacity: Int) {
        let moved = UnsafeMutablePointer<ReplyNode>.allocate(capacity: capacity)
        moved.moveInitialize(from: self.nodes, count: self.nodeCount)
        self.nodes.deallocate()
        self.nodes = moved
        self.nodeCapacity = capacity
    }

    private mutating func moveBytes(toCapacity capacity: Int) {
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        moved.moveInitialize(from: self.bytes, count: self.byteCount)
        self.bytes.deallocate()
        self.bytes = moved
        self.byteCapacity = capacity
    }
}
