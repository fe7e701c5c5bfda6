/// The entries of one tracestate as ranges, at most 32, with those left out marked. Lives on the stack.
struct TraceStateList {
    private(set) var count = 0
    private var starts = InlineArray<32, Int32>(repeating: 0)
    private var keyEnds = InlineArray<32, Int32>(repeating: 0)
    private var ends = InlineArray<32, Int32>(repeating: 0)
    private var kept: UInt32 = 0

    /// The bytes of an entry in the value.
    func entry(_ index: Int) -> Range<Int> { Int(self.starts[index])..<Int(self.ends[index]) }

    /// Whether an entry is still part of the list.
    func isKept(_ index: Int) -> Bool { self.kept & (1 << UInt32(index)) != 0 }

    /// Adds an entry; false where the list is full, the key is there already, or the offsets are absurd.
    mutating func append(_ entry: Range<Int>, keyEnd: Int, of value: Span<UInt8>) -> Bool {
        guard self.count < TraceState.entriesMax, entry.upperBound < Int(Int32.max) else { return false }
        for index in 0..<self.count where self.hasKey(index, value.extracting(entry.lowerBound..<keyEnd), of: value) {
            return false
        }
        self.starts[self.count] = Int32(truncatingIfNeeded: entry.lowerBound)
        self.keyEnds[self.count] = Int32(truncatingIfNeeded: keyEnd)
        self.ends[self.count] = Int32(truncatingIfNeeded: entry.upperBound)
        self.kept |= 1 << UInt32(self.count)
        self.count += 1
        return true
    }

    /// Leaves out the entry with a key.
    mutating func remove(key: Span<UInt8>, of value: Span<UInt8>) {
        for index in 0..<self.count where self.hasKey(index, key, of: value) { self.drop(index) }
    }

    /// Leaves out what comes after the first so many that are kept.
    mutating func keepFirst(_ limit: Int) {
        var seen = 0
        for index in 0..<self.count where self.isKept(index) {
            seen += 1
            if seen > limit { self.drop(index) }
        }
    }

    /// Leaves out entries until the rendered list has at most so many bytes.
    mutating func shrink(to bytesMax: Int) {
        for index in stride(from: self.count - 1, through: 0, by: -1)
        where self.bytes > bytesMax && self.isKept(index) && self.entry(index).count > TraceState.longEntry {
            self.drop(index)
        }
        for index in stride(from: self.count - 1, through: 0, by: -1)
        where self.bytes > bytesMax && self.isKept(index) {
            self.drop(index)
        }
    }

    /// Bytes of the rendered list, commas included.
    private var bytes: Int {
        var total = 0
        for index in 0..<self.count where self.isKept(index) { total += self.entry(index).count + 1 }
        return max(0, total - 1)
    }

    private mutating func drop(_ index: Int) { self.kept &= ~(1 << UInt32(index)) }

    private func hasKey(_ index: Int, _ key: Span<UInt8>, of value: Span<UInt8>) -> Bool {
        let range = Int(self.starts[index])..<Int(self.keyEnds[index])
        guard range.count == key.count else { return false }
        for offset in 0..<key.count where value[range.lowerBound + offset] != key[offset] { return false }
        return true
    }
}
