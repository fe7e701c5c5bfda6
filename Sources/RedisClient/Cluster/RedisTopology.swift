/// Which node of a cluster serves which slots, as one of the nodes has told it (`CLUSTER SLOTS`).
struct RedisTopology: Equatable {
    struct Node: Equatable {
        var id: String
        var endpoint: RedisConfiguration.Endpoint
    }

    /// Slots that follow one another, with their primary and its replicas.
    struct Part: Equatable {
        var slots: ClosedRange<Int>
        var primary: Node
        var replicaIDs: Set<String>
    }

    private(set) var parts: [Part] = []

    init() {}

    /// nil when the reply is none. A part whose primary has no address is left out: nobody could be sent there.
    init?(_ reply: RedisValue, toldBy node: RedisConfiguration.Endpoint) {
        guard let rows = reply.elements else { return nil }
        for row in rows {
            guard let columns = row.elements, columns.count >= 3, let first = columns[0].integer,
                let last = columns[1].integer, first >= 0, first <= last, last < RedisSlot.count
            else { return nil }
            guard let primary = Self.node(columns[2], toldBy: node) else { continue }
            let replicas = columns[3...].compactMap { $0.elements.flatMap { $0.count > 2 ? $0[2].text : nil } }
            self.parts.append(
                Part(slots: Int(first)...Int(last), primary: primary, replicaIDs: Set(replicas)))
        }
    }

    /// Every primary once, in the order of their first slots.
    var primaries: [RedisConfiguration.Endpoint] {
        var seen: Set<RedisConfiguration.Endpoint> = []
        return self.parts.sorted { $0.slots.lowerBound < $1.slots.lowerBound }.map(\.primary.endpoint)
            .filter { seen.insert($0).inserted }
    }

    /// Where a replica has taken the place of its primary since: what was written last may be lost there. A slot that
    /// moved to another primary took its keys along, and does not count.
    func failover(since before: RedisTopology) -> (before: String, now: String)? {
        for part in self.parts {
            for old in before.parts
            where old.slots.overlaps(part.slots) && old.primary.id != part.primary.id
                && old.replicaIDs.contains(part.primary.id)
            {
                return (old.primary.id, part.primary.id)
            }
        }
        return nil
    }

    /// A node's address as a client can use it. No host means the one that was asked; `?` means that it has none.
    static func endpoint(
        host: String, port: Int, toldBy node: RedisConfiguration.Endpoint
    ) -> RedisConfiguration.Endpoint? {
        if host == "?" { return nil }
        if !host.isEmpty { return .tcp(host: host, port: port) }
        guard case .tcp(let asked, _) = node else { return nil }
        return .tcp(host: asked, port: port)
    }

    private static func node(_ value: RedisValue, toldBy asked: RedisConfiguration.Endpoint) -> Node? {
        guard let fields = value.elements, fields.count >= 2, let port = fields[1].integer,
            (1...65_535).contains(port),
            let endpoint = Self.endpoint(host: fields[0].text ?? "", port: Int(port), toldBy: asked)
        else { return nil }
        return Node(id: fields.count > 2 ? fields[2].text ?? "" : "", endpoint: endpoint)
    }
}
