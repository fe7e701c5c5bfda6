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
        var file: Int?
        /// In a batch that was refused: sent alone, so that only what is at fault is given up.
        var isSuspect = false
    }

    private let bounds: Bounds
    /// What waits, behind what is under way.
    private var queue = Queue<Entry>()
    /// The first of the queue are a batch, of which PostgreSQL's word is awaited.
    private var underWay = 0
    private var again: [(atMs: Int, entry: Entry)] = []
    private var bytes = 0
    /// How many entries each file keeps.
    private var kept: [Int: Int] = [:]

    public init(_ bounds: Bounds = Bounds()) { self.bounds = bounds }

    /// Entries that PostgreSQL has not confirmed.
    public var waiting: Int { self.queue.count + self.again.count }
    /// Bytes of them.
    public var waitingBytes: Int { self.bytes }

    /// Whether `settlement` may be added.
    public func hasRoom(for settlement: DurableSettlement) -> Bool {
        self.waiting < self.bounds.entriesMax && self.bytes + settlement.byteCount <= self.bounds.bytesMax
    }

    /// Whether a file keeps something that is not confirmed.
    public func needs(file: Int) -> Bool { self.kept[file] != nil }
    /// How many entries a file keeps that are not confirmed.
    public func entries(in file: Int) -> Int { self.kept[file] ?? 0 }

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
        self.queue.append(contentsOf: due.map(\.entry))
        return true
    }

    // MARK: Out

    /// The next batch, in order; empty when there is nothing to send, or one is under way. One of the two methods below
    /// must follow.
    public mutating func take() -> [DurableSettlement] {
        guard self.underWay == 0, let first = self.queue.first else { return [] }
        var batch: [DurableSettlement] = []
        var bytes = 0
        for index in self.queue.indices {
            let entry = self.queue[index]
            if !batch.isEmpty {
                let isFull = batch.count >= self.bounds.batchMax || bytes >= self.bounds.batchBytesMax
                if isFull || entry.isSuspect || first.isSuspect { break }
            }
            bytes += entry.settlement.byteCount
            batch.append(entry.settlement)
        }
        self.underWay = batch.count
        return batch
    }

    /// PostgreSQL has committed the batch. Returns how many it were.
    public mutating func confirmed() -> Int {
        let count = self.underWay
        self.underWay = 0
        for _ in 0..<count { self.letGo(self.queue.removeFirst()) }
        return count
    }

    /// The batch was not committed, as far as is known. Returns what is given up.
    public mutating func failed(_ failure: Failure) -> DurableSettlement? {
        let count = self.underWay
        self.underWay = 0
        guard failure == .refused, count > 0 else { return nil }
        if count == 1 {
            let entry = self.queue.removeFirst()
            self.letGo(entry)
            return entry.settlement
        }
        for index in 0..<count { self.queue[index].isSuspect = true }
        return nil
    }

    // MARK: Files

    /// A file is not to be relied on any more: `write` puts each entry that it keeps into another one, and answers with that
    /// one's number. What finds none (nil) stays where it is. Reads all that waits.
    public mutating func rewrite(file: Int, _ write: (DurableSettlement) -> Int?) {
        guard self.needs(file: file) else { return }
        for index in self.queue.indices where self.queue[index].file == file {
            guard let other = write(self.queue[index].settlement) else { continue }
            self.queue[index].file = other
            self.moved(from: file, to: other)
        }
        for index in self.again.indices where self.again[index].entry.file == file {
            guard let other = write(self.again[index].entry.settlement) else { continue }
            self.again[index].entry.file = other
            self.moved(from: file, to: other)
        }
    }

    private mutating func moved(from file: Int, to other: Int) {
        self.release(file)
        self.kept[other, default: 0] += 1
    }

    private mutating func hold(_ settlement: DurableSettlement, _ file: Int?) {
        self.bytes += settlement.byteCount
        if let file { self.kept[file, default: 0] += 1 }
    }

    private mutating func letGo(_ entry: Entry) {
        self.bytes -= entry.settlement.byteCount
        if let file = entry.file { self.release(file) }
    }

    private mutating func release(_ file: Int) {
        guard let count = self.kept[file] else { return }
        self.kept[file] = count > 1 ? count - 1 : nil
    }
}
