/// One value of a reply in the flat, preorder list of a decoder: an array is followed by its elements.
@frozen @usableFromInline
struct ReplyNode {
    /// An integer's value; for a string, status or error the offset of its bytes.
    @usableFromInline var value: Int64
    /// An array's elements; for a string, status or error the number of its bytes.
    @usableFromInline var count: Int32
    @usableFromInline var kind: RedisReply.Kind
    /// An array with arrays among its elements: element i is no longer simply the i-th node after it.
    @usableFromInline var holdsArrays: Bool

    @inlinable
    init(kind: RedisReply.Kind, value: Int64 = 0, count: Int32 = 0) {
        self.value = value
        self.count = count
        self.kind = kind
        self.holdsArrays = false
    }
}
