/// Where each slot's commands go: a topology made ready for look-ups, and corrected by every `MOVED` since.
struct RedisSlotMap {
    /// The nodes' numbers are their places here; a place stays a node's as long as the map lasts.
    private(set) var nodes: [RedisConfiguration.Endpoint] = []
    private var owners = [UInt16](repeating: Self.nobody, count: RedisSlot.count)
    /// Slots that no node is known to serve.
    private(set) var unserved = RedisSlot.count

    private static let nobody = UInt16.max

    init() {}

    init(_ topology: RedisTopology) {
        for part in topology.parts {
            guard let number = self.number(of: part.primary.endpoint) else { continue }
            for slot in part.slots { self.assign(slot, to: number) }
        }
    }

    /// The number of the node that serves the slot.
    func owner(_ slot: Int) -> Int? {
        guard slot >= 0, slot < RedisSlot.count else { return nil }
        let owner = self.owners[slot]
        return owner == Self.nobody ? nil : Int(owner)
    }

    /// A node has said whose the slot is.
    mutating func assign(_ slot: Int, to endpoint: RedisConfiguration.Endpoint) {
        guard slot >= 0, slot < RedisSlot.count, let number = self.number(of: endpoint) else { return }
        self.assign(slot, to: number)
    }

    private mutating func assign(_ slot: Int, to number: UInt16) {
        if self.owners[slot] == Self.nobody { self.unserved -= 1 }
        self.owners[slot] = number
    }

    /// A new one has the next number. A cluster has few nodes: at most a thousand, by its own rules.
    private mutating func number(of endpoint: RedisConfiguration.Endpoint) -> UInt16? {
        if let known = self.nodes.firstIndex(of: endpoint) { return UInt16(known) }
        guard self.nodes.count < Int(Self.nobody) else { return nil }
        self.nodes.append(endpoint)
        return UInt16(self.nodes.count - 1)
    }
}
