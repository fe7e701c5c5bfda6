// A journal, little-endian: a head of one page, then a region for every event loop.
//
//   head    0 magic, 8 version u32, 12 regions u32, 16 bytes of a region u64, 24 made at (Unix ms) u64, 32 id (32 bytes,
//           zeros behind it), 64 length u16 and text of the deployment, 4092 CRC-32 of the 4092 bytes before it
//   region  0 bytes of records u64, 8 opened u64, 16 settled u64, 24 uncovered u64, 64 records
//   record  0 length u32 (of all, a multiple of 8), 4 CRC-32 of what is behind byte 16, 8 amount u64, 16 hour u32,
//           20 environment u8 (0 live, 1 test), 21, 22, 23 lengths u8 of org, key and meter, 24 their texts
//
// A record is written whole before the region's length takes it in; afterwards only its amount changes, which only rises.
// Amounts and lengths are aligned and written by one loop, so that a reader, in this process or in a later one, sees each
// of them either before or after a change, wherever the writer was killed.

import Domain
public import Synchronization

enum JournalLayout {
    static let magic: UInt64 = 0x314C_4E52_4A47_4C54  // "TLGJRNL1"
    static let version: UInt32 = 1
    static let headBytes = 4096
    static let deploymentBytesMax = 1024
    static let idBytes = 32

    static let regionHeadBytes = 64
    static let openedOffset = 8
    static let settledOffset = 16
    static let uncoveredOffset = 24

    static let recordHeadBytes = 24
    static let amountOffset = 8
    static let checkedOffset = 16
    static let recordBytesMax = recordHeadBytes + 3 * 255 + 7

    /// Bytes of the record of a counter; nil when a name is too long.
    static func recordBytes(_ counter: JournalCounter) -> Int? {
        let texts = [counter.orgID, counter.keyID, counter.meter].map(\.utf8.count)
        guard texts.allSatisfy({ $0 <= 255 }), counter.hour >= 0, counter.hour <= UInt32.max else { return nil }
        return (Self.recordHeadBytes + texts.reduce(0, +) + 7) & ~7
    }

    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        var checksum = Checksum()
        let span = Span<UInt8>(_unsafeBytes: bytes)
        checksum.update(span, count: span.count)
        return checksum.value
    }
}

/// One aligned word of a journal that another thread or process may be reading.
@usableFromInline
struct SharedWord {
    @usableFromInline let pointer: UnsafeMutablePointer<Atomic<UInt64>>

    @inline(__always) @inlinable
    init(_ base: UnsafeMutableRawPointer, offset: Int) {
        self.pointer = (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    /// Everything written before the value is seen with it.
    @inline(__always)
    func load() -> UInt64 { self.pointer.pointee.load(ordering: .acquiring) }

    @inline(__always)
    func store(_ value: UInt64) { self.pointer.pointee.store(value, ordering: .releasing) }

    /// For the only writer: a load and a store, no locked instruction.
    @inline(__always) @inlinable
    func add(_ amount: Int) {
        let value = self.pointer.pointee.load(ordering: .relaxed)
        self.pointer.pointee.store(value &+ UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }
}
