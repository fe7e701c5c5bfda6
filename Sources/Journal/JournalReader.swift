import Domain

/// Reads a journal step by step: names once, amounts every time. May read while the loops write, and trusts nothing: what
/// a machine's crash has left half written ends a region.
public struct JournalReader {
    /// A counter's sum over all regions.
    public struct Reading: Sendable, Equatable {
        /// The place of the counter in ``counters``.
        public var index: Int
        public var total: Int64

        public init(index: Int, total: Int64) {
            self.index = index
            self.total = total
        }
    }

    private struct Place {
        var offset: Int
        var counter: Int
        var seen: UInt64
    }

    private struct Region {
        let base: UnsafeMutableRawPointer
        var read = 0
        var isDamaged = false
        var places: [Place] = []
    }

    public let journal: JournalFile
    /// Everything found so far; grows only.
    public private(set) var counters: [JournalCounter] = []
    public private(set) var totals: [Int64] = []
    /// By counter: whether this look has found it changed. In more than one region it is found more than once.
    private var isFound: [Bool] = []
    private var indices: [JournalCounter: Int] = [:]
    private var regions: [Region]

    public init(_ journal: JournalFile) {
        self.journal = journal
        self.regions = (0..<journal.regions).map { index in
            Region(base: journal.base + JournalLayout.headBytes + index * journal.regionBytes)
        }
    }

    /// Regions whose end cannot be read.
    public var damagedRegions: Int { self.regions.count { $0.isDamaged } }

    /// What is known of requests, over all regions.
    public var balance: JournalBalance {
        var balance = JournalBalance()
        for region in self.regions {
            // Read before what can only catch up with it, so that a request is never settled before it was opened.
            balance.settled += Int(clamping: SharedWord(region.base, offset: JournalLayout.settledOffset).load())
            balance.opened += Int(clamping: SharedWord(region.base, offset: JournalLayout.openedOffset).load())
            balance.uncovered += Int(clamping: SharedWord(region.base, offset: JournalLayout.uncoveredOffset).load())
        }
        return balance
    }

    /// Reads on. Returns the counters that have changed since the last time.
    public mutating func poll() -> [Reading] {
        var changed: [Int] = []
        for index in self.regions.indices {
            self.readNames(index)
            for place in self.regions[index].places.indices {
                let known = self.regions[index].places[place]
                let amount = SharedWord(self.regions[index].base, offset: known.offset).load()
                guard amount > known.seen else { continue }
                self.regions[index].places[place].seen = amount
                self.totals[known.counter] &+= Int64(clamping: amount - known.seen)
                guard !self.isFound[known.counter] else { continue }
                self.isFound[known.counter] = true
                changed.append(known.counter)
            }
        }
        for counter in changed { self.isFound[counter] = false }
        changed.sort()
        return changed.map { Reading(index: $0, total: self.totals[$0]) }
    }

    private mutating func readNames(_ index: Int) {
        let region = self.regions[index]
        guard !region.isDamaged else { return }
        let length = SharedWord(region.base, offset: 0).load()
        guard length <= UInt64(self.journal.regionBytes - JournalLayout.regionHeadBytes) else {
            self.regions[index].isDamaged = true
            return
        }
        while self.regions[index].read < Int(length) {
            let start = JournalLayout.regionHeadBytes + self.regions[index].read
            let left = Int(length) - self.regions[index].read
            guard let (counter, bytes) = Self.record(at: region.base + start, bytesMax: left) else {
                self.regions[index].isDamaged = true
                return
            }
            self.regions[index].places.append(
                Place(offset: start + JournalLayout.amountOffset, counter: self.place(of: counter), seen: 0))
            self.regions[index].read += bytes
        }
    }

    private mutating func place(of counter: JournalCounter) -> Int {
        if let index = self.indices[counter] { return index }
        let index = self.counters.count
        self.counters.append(counter)
        self.totals.append(0)
        self.isFound.append(false)
        self.indices[counter] = index
        return index
    }

    /// The record at a place; nil when it is none.
    private static func record(at record: UnsafeMutableRawPointer, bytesMax: Int) -> (JournalCounter, Int)? {
        guard bytesMax >= JournalLayout.recordHeadBytes else { return nil }
        let bytes = Int(record.loadUnaligned(as: UInt32.self).littleEndian)
        guard bytes >= JournalLayout.recordHeadBytes, bytes <= min(bytesMax, JournalLayout.recordBytesMax),
            bytes % 8 == 0
        else { return nil }
        let checked = UnsafeRawBufferPointer(
            start: record + JournalLayout.checkedOffset, count: bytes - JournalLayout.checkedOffset)
        guard record.loadUnaligned(fromByteOffset: 4, as: UInt32.self).littleEndian == JournalLayout.checksum(checked)
        else { return nil }
        var texts: [String] = []
        var offset = JournalLayout.recordHeadBytes
        for index in 0..<3 {
            let count = Int(record.load(fromByteOffset: 21 + index, as: UInt8.self))
            guard offset + count <= bytes else { return nil }
            texts.append(String(decoding: UnsafeRawBufferPointer(start: record + offset, count: count), as: UTF8.self))
            offset += count
        }
        let hour = record.loadUnaligned(fromByteOffset: 16, as: UInt32.self).littleEndian
        return (
            JournalCounter(
                orgID: texts[0], keyID: texts[1],
                environment: record.load(fromByteOffset: 20, as: UInt8.self) == 0 ? .live : .test, meter: texts[2],
                hour: Int(hour)), bytes
        )
    }
}
