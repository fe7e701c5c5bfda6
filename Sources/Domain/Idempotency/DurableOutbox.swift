/// What PostgreSQL has still to be told of durable idempotency keys: in which order, what is tried again, what is given
/// up, and which files that keep it are still needed. No clock and no store; it does what it answers.
///
/// One batch is under way at most. What was taken in leaves only when PostgreSQL has confirmed it, or refuses it by
/// itself, alone in its batch.
public struct DurableOutbox: Sendable {
    public struct Bounds: Sendable {
        /// Entries, and bytes of them, beyond which nothing more is taken in.
        public var entriesMax = 65_536
        public var bytesMax = 256 << 20
        /// What one batch carries.
        public var batchMax = 128
        public var batchBytesMax = 8 << 20
        /// A release that may have come before its claim is sent once more after this time.
        public var againAfterMs = 5_000

        public init() {}
    }

    /// What became of a batch that was not confirmed.
    public enum Failure: Sendable, Equatable {
        /// PostgreSQL is away, or slow: all of it is tried again.
        case away
        /// PostgreSQL will never take it: what is stored, or how, is at fault.
        case refused
    }

    private struct Entry: Sendable {
        let settlement: DurableSettlement
        let file: Int?
        /// In a batch that was refused: sent alone, so that only what is at fault is given up.
        var isSuspect = false
    }

    private let bounds: Bounds
    private var queue: [Entry] = []
    private var underWay: [Entry] = []
    private var again: [(atMs: Int, entry: Entry)] = []
    private var bytes = 0
    /// How many entries each file keeps.
    private var kept: [Int: Int] = [:]

    public init(_ bounds: Bounds = Bounds()) { self.bounds = bounds }

    /// Entries that PostgreSQL has not confirmed.
    public var waiting: Int { self.queue.count + self.underWay.count + self.again.count }
    /// Bytes of them.
    public var waitingBytes: Int { self.bytes }

    /// Whether `settlement` may be added.
    public func hasRoom(for settlement: DurableSettlement) -> Bool {
        self.waiting < self.bounds.entriesMax && self.bytes + settlement.byteCount <= self.bounds.bytesMax
    }

    /// Whether a file keeps something that is not confirmed.
    public func needs(file: Int) -> Bool { self.kept[file] != nil }

    // MARK: In

    /// Takes a settlement in, behind all others.
    /// - Parameter file: where it is written down; nil where it is in memory only.
    public mutating func add(_ settlement: DurableSettlement, file: Int?) {
        self.queue.append(Entry(settlement: settlement, file: file))
        self.hold(settlement, file)
    }

    /// Takes in the release of a claim that may have been granted, or may be granted yet: it is sent now and once more.
    public mutating func giveBack(_ claim: DurableClaim, file: Int?, nowMs: Int) {
        let settlement = DurableSettlement(claim: claim, ending: .release)
        self.add(settlement, file: file)
        self.again.append((nowMs + self.bounds.againAfterMs, Entry(settlement: settlement, file: file)))
        self.hold(settlement, file)
    }

    /// Brings into the queue what was to wait. Returns whether there was anything.
    public mutating func wake(nowMs: Int) -> Bool {
        let due = self.again.filter { $0.atMs <= nowMs }
        guard !due.isEmpty else { return false }
        self.again.removeAll { $0.atMs <= nowMs }
        self.queue += due.map(\.entry)
        return true
    }

    // MARK: Out

    /// The next batch, in order; empty when there is nothing to send, or one is under way. One of the two methods below
    /// must follow.
    public mutating func take() -> [DurableSettlement] {
        guard self.underWay.isEmpty, let first = self.queue.first else { return [] }
        var (count, bytes) = (0, 0)
        if first.isSuspect {
            count = 1
        } else {
            while count < min(self.bounds.batchMax, self.queue.count), !self.queue[count].isSuspect,
                count == 0 || bytes < self.bounds.batchBytesMax
            {
                bytes += self.queue[count].settlement.byteCount
                count += 1
            }
        }
        self.underWay = Array(self.queue.prefix(count))
        self.queue.removeFirst(count)
        return self.underWay.map(\.settlement)
    }

    /// PostgreSQL has committed the batch. Returns how many it were.
    public mutating func confirmed() -> Int {
        for entry in self.underWay { self.letGo(entry) }
        defer { self.underWay = [] }
        return self.underWay.count
    }

    /// The batch was not committed, as far as is known. Returns what is given up.
    public mutating func failed(_ failure: Failure) -> DurableSettlement? {
        defer { self.underWay = [] }
        if failure == .refused, self.underWay.count == 1 {
            self.letGo(self.underWay[0])
            return self.underWay[0].settlement
        }
        if failure == .refused { for index in self.underWay.indices { self.underWay[index].isSuspect = true } }
        self.queue.insert(contentsOf: self.underWay, at: 0)
        return nil
    }

    // MARK: Files

    private mutating func hold(_ settlement: DurableSettlement, _ file: Int?) {
        self.bytes += settlement.byteCount
        if let file { self.kept[file, default: 0] += 1 }
    }

    private mutating func letGo(_ entry: Entry) {
        self.bytes -= entry.settlement.byteCount
        guard let file = entry.file, let count = self.kept[file] else { return }
        self.kept[file] = count > 1 ? count - 1 : nil
    }
}
