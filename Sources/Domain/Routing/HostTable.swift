/// Finds the trees that serve a host name: the exact name's, those of the wildcards it falls under, longest first, and
/// the one for every host.
struct HostTable: Sendable {
    struct Entry: Sendable {
        /// Lower-case; of `*.example.com` it is `example.com`.
        var name: [UInt8]
        var isWildcard: Bool
        var root: Int
        fileprivate var hash: UInt32

        init(name: [UInt8], isWildcard: Bool, root: Int) {
            self.name = name
            self.isWildcard = isWildcard
            self.root = root
            var hash = SegmentHash()
            for byte in name { hash.update(byte) }
            self.hash = hash.value
        }
    }

    /// Sorted by hash.
    private let entries: [Entry]
    private let hasWildcards: Bool
    /// The tree of routes that name no host; nil if all of them do.
    let anyRoot: Int?

    /// A DNS name has at most 253 characters; anything longer is not looked up.
    private static let nameBytesMax = 255

    init(_ entries: [Entry], anyRoot: Int?) {
        self.entries = entries.sorted { $0.hash < $1.hash }
        self.hasWildcards = entries.contains { $0.isWildcard }
        self.anyRoot = anyRoot
    }

    var isEmpty: Bool { entries.isEmpty }

    /// Calls `visit` with each root, best first, until it answers true; false if no root was there at all.
    func visit(host: Span<UInt8>, _ body: (Int) -> Bool) -> Bool {
        var wasServed = false
        if !entries.isEmpty {
            let end = Self.nameEnd(host)
            if end > 0, end <= Self.nameBytesMax {
                if let root = root(host, from: 0, to: end, isWildcard: false) {
                    wasServed = true
                    if body(root) { return true }
                }
                if hasWildcards {
                    for index in 1..<end where host[index - 1] == UInt8(ascii: ".") && index > 1 {
                        guard let root = root(host, from: index, to: end, isWildcard: true) else { continue }
                        wasServed = true
                        if body(root) { return true }
                    }
                }
            }
        }
        if let anyRoot {
            wasServed = true
            _ = body(anyRoot)
        }
        return wasServed
    }

    /// Where the name ends: before the port and one closing dot.
    private static func nameEnd(_ host: Span<UInt8>) -> Int {
        var end = host.count
        var index = end
        while index > 0 {
            index -= 1
            if host[index] == UInt8(ascii: "]") { break }
            if host[index] == UInt8(ascii: ":") {
                end = index
                break
            }
        }
        return end > 1 && host[end - 1] == UInt8(ascii: ".") ? end - 1 : end
    }

    private func root(_ host: Span<UInt8>, from start: Int, to end: Int, isWildcard: Bool) -> Int? {
        var hash = SegmentHash()
        for index in start..<end { hash.update(Self.lower(host[index])) }
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].hash < hash.value { low = middle + 1 } else { high = middle }
        }
        while low < entries.count, entries[low].hash == hash.value {
            if entries[low].isWildcard == isWildcard, isName(low, host, from: start, to: end) {
                return entries[low].root
            }
            low += 1
        }
        return nil
    }

    private func isName(_ entry: Int, _ host: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        guard entries[entry].name.count == end - start else { return false }
        for offset in 0..<(end - start) where entries[entry].name[offset] != Self.lower(host[start + offset]) {
            return false
        }
        return true
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
}
