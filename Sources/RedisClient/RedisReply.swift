/// A reply read in place, valid only during the call it is handed to (it cannot be copied, and must not be kept).
///
/// Nothing here traps on what a server may send: an element that is absent is `.null`, a number that is none is nil.
@frozen
public struct RedisReply: ~Copyable {
    /// What a reply, or one element of it, is.
    @frozen
    public enum Kind: UInt8, Sendable {
        case null, integer, string, status, error, array
    }

    @usableFromInline let nodes: UnsafePointer<ReplyNode>
    @usableFromInline let bytes: UnsafePointer<UInt8>

    @inlinable
    init(nodes: UnsafePointer<ReplyNode>, bytes: UnsafePointer<UInt8>) {
        self.nodes = nodes
        self.bytes = bytes
    }

    // MARK: The reply itself

    @inlinable
    public var kind: Kind { self.nodes[0].kind }

    /// Elements of an array; 0 for anything else.
    @inlinable
    public var count: Int { self.nodes[0].kind == .array ? Int(self.nodes[0].count) : 0 }

    @inlinable
    public var isNull: Bool { self.nodes[0].kind == .null }

    /// An integer, or a string that is one in decimal.
    @inlinable
    public var integer: Int64? { self.integer(ofNode: 0) }

    /// The bytes of a string, status or error; empty for anything else. Valid only inside `body`.
    @inlinable
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(self.bytes(ofNode: 0))
    }

    /// The text of an error reply; nil when it is none.
    public var errorMessage: String? {
        self.kind == .error ? String(decoding: self.bytes(ofNode: 0), as: UTF8.self) : nil
    }

    // MARK: Elements of an array

    @inlinable
    public func kind(at index: Int) -> Kind {
        guard let node = self.node(at: index) else { return .null }
        return self.nodes[node].kind
    }

    /// True also where there is no such element.
    @inlinable
    public func isNull(at index: Int) -> Bool { self.kind(at: index) == .null }

    /// An integer element, or a string element that is one in decimal.
    @inlinable
    public func integer(at index: Int) -> Int64? {
        guard let node = self.node(at: index) else { return nil }
        return self.integer(ofNode: node)
    }

    /// The bytes of a string, status or error element; empty for anything else. Valid only inside `body`.
    @inlinable
    public func withBytes<Result>(
        at index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        guard let node = self.node(at: index) else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return try body(self.bytes(ofNode: node))
    }

    /// The number of bytes `withBytes(at:_:)` would show.
    @inlinable
    public func byteCount(at index: Int) -> Int { self.withBytes(at: index) { $0.count } }

    /// An element as a reply of its own, to read an array inside an array. As short-lived as this one.
    public func nested(at index: Int) -> RedisReply? {
        guard let node = self.node(at: index) else { return nil }
        return RedisReply(nodes: self.nodes + node, bytes: self.bytes)
    }

    /// A copy that may be kept.
    public func value() -> RedisValue {
        var next = 0
        return self.value(ofNode: &next)
    }

    // MARK: Nodes

    /// The node of element `index`. Constant time, unless arrays lie inside this array.
    @inlinable
    func node(at index: Int) -> Int? {
        guard index >= 0, index < self.count else { return nil }
        return self.nodes[0].holdsArrays ? self.nodeAfterWalking(to: index) : index + 1
    }

    @usableFromInline
    func nodeAfterWalking(to index: Int) -> Int {
        var node = 1
        for _ in 0..<index {
            var remaining = 1
            while remaining > 0 {
                remaining += (self.nodes[node].kind == .array ? Int(self.nodes[node].count) : 0) - 1
                node += 1
            }
        }
        return node
    }

    @inlinable
    func bytes(ofNode node: Int) -> UnsafeRawBufferPointer {
        switch self.nodes[node].kind {
        case .string, .status, .error:
            UnsafeRawBufferPointer(start: self.bytes + Int(self.nodes[node].value), count: Int(self.nodes[node].count))
        case .null, .integer, .array:
            UnsafeRawBufferPointer(start: nil, count: 0)
        }
    }

    @inlinable
    func integer(ofNode node: Int) -> Int64? {
        self.nodes[node].kind == .integer ? self.nodes[node].value : Self.decimal(self.bytes(ofNode: node))
    }

    /// The number that `text` is in decimal; nil when it is not one or leaves 64 bits.
    @usableFromInline
    static func decimal(_ text: UnsafeRawBufferPointer) -> Int64? {
        let isNegative = text.first == UInt8(ascii: "-")
        let digits = text.dropFirst(isNegative ? 1 : 0)
        guard !digits.isEmpty else { return nil }
        var result: Int64 = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            let digit = Int64(byte - UInt8(ascii: "0"))
            let (shifted, isTooLong) = result.multipliedReportingOverflow(by: 10)
            let (sum, isTooLarge) = shifted.addingReportingOverflow(isNegative ? -digit : digit)
            guard !isTooLong, !isTooLarge else { return nil }
            result = sum
        }
        return result
    }

    /// Depth is bounded by hiredis (seven arrays inside one another), so recursion is.
    private func value(ofNode next: inout Int) -> RedisValue {
        let node = self.nodes[next]
        let bytes = self.bytes(ofNode: next)
        next += 1
        switch node.kind {
        case .null: return .null
        case .integer: return .integer(node.value)
        case .string: return .string(Array(bytes))
        case .status: return .status(String(decoding: bytes, as: UTF8.self))
        case .error: return .error(RedisServerError(message: String(decoding: bytes, as: UTF8.self)))
        case .array:
            var elements: [RedisValue] = []
            for _ in 0..<node.count { elements.append(self.value(ofNode: &next)) }
            return .array(elements)
        }
    }
}
