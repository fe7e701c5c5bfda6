import Domain

/// One counter of a journal.
struct Meter: Hashable, Comparable {
    let name: String
    let keyID: String
    let hour: Int

    static func < (left: Meter, right: Meter) -> Bool {
        (left.name, left.keyID, left.hour) < (right.name, right.keyID, right.hour)
    }
}

/// What became of a durable key, as a gateway has written it down in a file that outlives it.
struct Outcome {
    let request: Int
    let settlement: DurableSettlement
}

/// What one life of a gateway has served, in a file that outlives it. The counters only rise, and only that life raises
/// them; its id is the epoch under which they are reported.
final class Journal {
    let id: String
    private let owner: Process
    private let life: Int
    private(set) var counters: [Meter: Int] = [:]

    init(id: String, owner: Process) {
        self.id = id
        self.owner = owner
        self.life = owner.life
    }

    /// Whether nobody writes in it any more.
    var isOrphan: Bool { !self.owner.isAlive || self.owner.life != self.life }

    func add(_ amount: Int, to meter: Meter) { self.counters[meter, default: 0] += amount }
}
