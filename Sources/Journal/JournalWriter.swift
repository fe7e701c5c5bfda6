import Domain

/// Writes one region of a journal. Bound to one event loop; nothing here calls the kernel.
public final class JournalWriter {
    /// Where a counter's amount stands. Good for the writer that gave it.
    public struct Cell: Sendable, Equatable {
        @usableFromInline let offset: Int
    }

    public let journal: JournalFile
    @usableFromInline let region: UnsafeMutableRawPointer
    private let capacity: Int
    private var used: Int
    private var cells: [JournalCounter: Cell] = [:]
    private let length: SharedWord
    @usableFromInline let openedWord: SharedWord
    @usableFromInline let settledWord: SharedWord
    private let uncoveredWord: SharedWord

    /// The only writer of region `index`; nil when there is none such.
    public init?(_ journal: JournalFile, region index: Int) {
        guard index >= 0, index < journal.regions else { return nil }
        self.journal = journal
        let region = journal.base + JournalLayout.headBytes + index * journal.regionBytes
        self.region = region
        self.capacity = journal.regionBytes - JournalLayout.regionHeadBytes
        self.length = SharedWord(region, offset: 0)
        self.openedWord = SharedWord(region, offset: JournalLayout.openedOffset)
        self.settledWord = SharedWord(region, offset: JournalLayout.settledOffset)
        self.uncoveredWord = SharedWord(region, offset: JournalLayout.uncoveredOffset)
        self.used = Int(self.length.load())
    }

    /// How much of the region is taken, in percent: a full one should be followed by a fresh journal.
    public var percentUsed: Int { self.used * 100 / self.capacity }

    /// The cell of a counter, made on first use; nil when there is no room.
    public func cell(for counter: JournalCounter) -> Cell? {
        if let cell = self.cells[counter] { return cell }
        guard let bytes = JournalLayout.recordBytes(counter), self.used + bytes <= self.capacity else { return nil }
        let start = JournalLayout.regionHeadBytes + self.used
        self.write(counter, bytes, at: self.region + start)
        self.used += bytes
        self.length.store(UInt64(self.used))
        let cell = Cell(offset: start + JournalLayout.amountOffset)
        self.cells[counter] = cell
        return cell
    }

    // The edge does these for every request; in its own module they need not count the writer in and out.

    /// Adds to a counter.
    @inline(__always) @inlinable
    public func add(_ amount: Int, to cell: Cell) {
        SharedWord(self.region, offset: cell.offset).add(amount)
    }

    /// Adds to a counter that has no cell, because there is no room: it is counted as lost.
    public func addUncovered(_ amount: Int) { self.uncoveredWord.add(amount) }

    /// A request was admitted.
    @inline(__always) @inlinable
    public func requestOpened() { self.openedWord.add(1) }

    /// An admitted request has ended.
    @inline(__always) @inlinable
    public func requestSettled() { self.settledWord.add(1) }

    /// Another journal follows: requests that are open here will settle there.
    public func handOverOpen(_ count: Int) { self.settledWord.add(count) }

    private func write(_ counter: JournalCounter, _ bytes: Int, at record: UnsafeMutableRawPointer) {
        let texts = [counter.orgID, counter.keyID, counter.meter]
        record.storeBytes(of: UInt32(bytes).littleEndian, as: UInt32.self)
        record.storeBytes(of: UInt32(counter.hour).littleEndian, toByteOffset: 16, as: UInt32.self)
        record.storeBytes(of: counter.environment == .live ? 0 : 1, toByteOffset: 20, as: UInt8.self)
        var offset = JournalLayout.recordHeadBytes
        for (index, text) in texts.enumerated() {
            record.storeBytes(of: UInt8(text.utf8.count), toByteOffset: 21 + index, as: UInt8.self)
            (record + offset).copyBytes(text, max: 255)
            offset += text.utf8.count
        }
        let checked = UnsafeRawBufferPointer(
            start: record + JournalLayout.checkedOffset, count: bytes - JournalLayout.checkedOffset)
        record.storeBytes(of: JournalLayout.checksum(checked).littleEndian, toByteOffset: 4, as: UInt32.self)
    }
}
