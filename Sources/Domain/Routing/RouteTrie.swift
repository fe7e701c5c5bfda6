/// The patterns of all routes as one tree of segments, laid flat: nodes, the edges between them and the routes that end
/// in a node lie in arrays, and a node knows its range of each. A node's literal edges are sorted by hash, so that one
/// route or a thousand under a node cost a binary search; a walk visits a node at most once.
struct RouteTrie: Sendable {
    private struct Node {
        var edges: Range<Int32> = 0..<0
        /// The node behind `{name}`; -1 is none.
        var parameter: Int32 = -1
        var here: Range<Int32> = 0..<0
        var below: Range<Int32> = 0..<0
    }

    private struct Edge {
        var hash: UInt32
        var node: Int32
        var label: Range<Int32>
    }

    private struct Entry {
        var route: Int32
        var methods: Int
    }

    private let nodes: [Node]
    private let edges: [Edge]
    private let entries: [Entry]
    private let labels: [UInt8]

    private static let slash = UInt8(ascii: "/")

    /// The best route at or below `root` for the part of `path` from `start` on (which is after a slash) that takes
    /// `method`; -1 for none, and then `allowed` has gathered the methods of all routes that match but for it.
    func find(root: Int, path: Span<UInt8>, start: Int, method: Int, allowed: inout Int) -> Int {
        let node = nodes[root]
        guard start <= path.count else {
            let exact = pick(node.here, method, &allowed)
            return exact >= 0 ? exact : pick(node.below, method, &allowed)
        }
        var end = start
        var hash = SegmentHash()
        while end < path.count, path[end] != Self.slash {
            hash.update(path[end])
            end += 1
        }
        if let child = child(of: node, hash: hash.value, path: path, from: start, to: end) {
            let found = find(root: child, path: path, start: end + 1, method: method, allowed: &allowed)
            if found >= 0 { return found }
        }
        if node.parameter >= 0, end > start {
            let found = find(root: Int(node.parameter), path: path, start: end + 1, method: method, allowed: &allowed)
            if found >= 0 { return found }
        }
        return pick(node.below, method, &allowed)
    }

    private func pick(_ range: Range<Int32>, _ method: Int, _ allowed: inout Int) -> Int {
        for index in Int(range.lowerBound)..<Int(range.upperBound) {
            if entries[index].methods & method != 0 { return Int(entries[index].route) }
            allowed |= entries[index].methods
        }
        return -1
    }

    private func child(of node: Node, hash: UInt32, path: Span<UInt8>, from start: Int, to end: Int) -> Int? {
        var low = Int(node.edges.lowerBound)
        var high = Int(node.edges.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if edges[middle].hash < hash { low = middle + 1 } else { high = middle }
        }
        while low < Int(node.edges.upperBound), edges[low].hash == hash {
            if isLabel(edges[low].label, path, from: start, to: end) { return Int(edges[low].node) }
            low += 1
        }
        return nil
    }

    private func isLabel(_ label: Range<Int32>, _ path: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        let first = Int(label.lowerBound)
        guard label.count == end - start else { return false }
        for offset in 0..<(end - start) where labels[first + offset] != path[start + offset] { return false }
        return true
    }
}

/// FNV-1a. Nobody but the config's author chooses what is in the table, so it need not be keyed.
struct SegmentHash {
    private(set) var value: UInt32 = 0x811C_9DC5

    mutating func update(_ byte: UInt8) { value = (value ^ UInt32(byte)) &* 0x0100_0193 }
}

extension RouteTrie {
    /// The same tree while it grows.
    struct Builder {
        private struct Draft {
            var literals: [[UInt8]: Int] = [:]
            var parameter: Int?
            var here: [Entry] = []
            var below: [Entry] = []
        }

        private var drafts: [Draft] = []

        /// A new, empty root.
        mutating func makeRoot() -> Int {
            drafts.append(Draft())
            return drafts.count - 1
        }

        /// Routes must come in the order of the file. Among routes of one pattern those that name their methods go
        /// before those that take any.
        mutating func insert(_ pattern: RoutePattern, root: Int, route: Int, methods: Int, namesMethods: Bool) {
            var node = root
            for segment in pattern.segments { node = child(of: node, for: segment) }
            let entry = Entry(route: Int32(route), methods: methods)
            if pattern.matchesBelow {
                Self.insert(entry, into: &drafts[node].below, first: namesMethods)
            } else {
                Self.insert(entry, into: &drafts[node].here, first: namesMethods)
            }
        }

        /// Bit 62 is set only where any method is taken.
        private static func insert(_ entry: Entry, into entries: inout [Entry], first: Bool) {
            let position = first ? entries.firstIndex { $0.methods >> 62 != 0 } ?? entries.count : entries.count
            entries.insert(entry, at: position)
        }

        private mutating func child(of node: Int, for segment: RoutePattern.Segment) -> Int {
            switch segment {
            case .literal(let label):
                if let known = drafts[node].literals[label] { return known }
                let child = makeRoot()
                drafts[node].literals[label] = child
                return child
            case .parameter:
                if let known = drafts[node].parameter { return known }
                let child = makeRoot()
                drafts[node].parameter = child
                return child
            }
        }

        func build() -> RouteTrie {
            var nodes: [Node] = []
            var edges: [Edge] = []
            var entries: [Entry] = []
            var labels: [UInt8] = []
            for draft in drafts {
                var node = Node()
                let firstEdge = Int32(edges.count)
                for (label, child) in draft.literals {
                    var hash = SegmentHash()
                    for byte in label { hash.update(byte) }
                    let start = Int32(labels.count)
                    labels += label
                    edges.append(Edge(hash: hash.value, node: Int32(child), label: start..<Int32(labels.count)))
                }
                edges[Int(firstEdge)...].sort { $0.hash < $1.hash }
                node.edges = firstEdge..<Int32(edges.count)
                node.parameter = Int32(draft.parameter ?? -1)
                node.here = Int32(entries.count)..<Int32(entries.count + draft.here.count)
                entries += draft.here
                node.below = Int32(entries.count)..<Int32(entries.count + draft.below.count)
                entries += draft.below
                nodes.append(node)
            }
            return RouteTrie(nodes: nodes, edges: edges, entries: entries, labels: labels)
        }
    }
}
