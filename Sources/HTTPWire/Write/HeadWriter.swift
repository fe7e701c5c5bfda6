public import NIOCore

/// A buffer taken over for writing many small pieces at its end.
///
/// A head is some fifty pieces of a few bytes each. `ByteBuffer` looks at its uniqueness, its slice and its capacity for
/// every one of them, which takes longer than the copy; this looks once, and then compares two numbers a piece. Begin with
/// the buffer, write, and give the buffer back with `finish`.
public struct HeadWriter: ~Copyable {
    /// The buffer, whose storage nobody else can reach meanwhile: it is unique, and it is in here.
    private var buffer: ByteBuffer
    @usableFromInline var next: UnsafeMutableRawPointer
    @usableFromInline var room: Int

    /// Takes `buffer` over, which is empty until `finish`, and makes room for at least `room` bytes, at least one.
    public init(_ buffer: inout ByteBuffer, room: Int) {
        self.buffer = ByteBuffer()
        swap(&self.buffer, &buffer)
        (self.next, self.room) = Self.claim(max(1, room), in: &self.buffer)
    }

    /// Gives the buffer back with everything written.
    public consuming func finish(_ buffer: inout ByteBuffer) {
        self.buffer.moveWriterIndex(forwardBy: self.buffer.writableBytes &- self.room)
        swap(&self.buffer, &buffer)
    }

    // The pointer outlives the closure that lends it. It points into storage that only `self.buffer` refers to, and is
    // fetched anew whenever that buffer is changed.
    private static func claim(_ count: Int, in buffer: inout ByteBuffer) -> (UnsafeMutableRawPointer, Int) {
        buffer.reserveCapacity(minimumWritableBytes: count)
        let space = buffer.withUnsafeMutableWritableBytes { $0 }
        // `count` is at least 1, so there is an address.
        guard let start = space.baseAddress else { return Self.claim(count &+ 1, in: &buffer) }
        return (start, space.count)
    }

    /// Bytes written so far in all, those before `init` included.
    public var byteCount: Int { self.buffer.writerIndex &+ (self.buffer.writableBytes &- self.room) }

    @usableFromInline @inline(never)
    mutating func grow(by count: Int) {
        self.buffer.moveWriterIndex(forwardBy: self.buffer.writableBytes &- self.room)
        (self.next, self.room) = Self.claim(max(count, 256), in: &self.buffer)
    }

    /// The place of the next `count` bytes, which the caller fills.
    @inline(__always) @usableFromInline
    mutating func place(_ count: Int) -> UnsafeMutableRawPointer {
        if count > self.room { self.grow(by: count) }
        let place = self.next
        self.next = place + count
        self.room &-= count
        return place
    }

    // MARK: Pieces

    /// Appends a text known at compile time.
    @inline(__always) @inlinable
    public mutating func write(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        self.place(count).copyMemory(from: text.utf8Start, byteCount: count)
    }

    /// Appends one byte.
    @inline(__always) @inlinable
    public mutating func write(byte: UInt8) {
        self.place(1).storeBytes(of: byte, as: UInt8.self)
    }

    /// Appends bytes.
    @inline(__always) @inlinable
    public mutating func write(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            self.place(source.count).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Appends the bytes of `range` of `bytes`.
    @inline(__always) @inlinable
    public mutating func write(_ range: ByteRange, of bytes: Span<UInt8>) {
        self.write(bytes.extracting(range.bounds))
    }

    /// Appends the readable bytes of `buffer`, which stays as it is.
    @inline(__always) @inlinable
    public mutating func write(_ buffer: ByteBuffer) {
        buffer.withUnsafeReadableBytes { source in
            guard let start = source.baseAddress else { return }
            self.place(source.count).copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Appends `name: `; the value and `writeLineEnd` must follow.
    @inline(__always) @inlinable
    public mutating func writeFieldName(_ name: StaticString) {
        self.write(name)
        self.write(": ")
    }

    /// Appends CR LF.
    @inline(__always) @inlinable
    public mutating func writeLineEnd() { self.write("\r\n") }

    /// Appends the lowest `count` (1 to 8) lanes of a word, the lowest first.
    @inline(__always)
    mutating func write(lanes word: UInt64, count: Int) {
        if count == 8 { return self.place(8).storeBytes(of: word.littleEndian, as: UInt64.self) }
        for lane in 0..<count { self.write(byte: UInt8(truncatingIfNeeded: word &>> UInt64(8 &* lane))) }
    }

    // MARK: Numbers

    /// Appends `number` in decimal.
    public mutating func write(decimal number: Int) {
        if number < 0 { self.write(byte: UInt8(ascii: "-")) }
        self.write(UInt64(number.magnitude))
    }

    /// Appends a number, eight digits at a time.
    private mutating func write(_ number: UInt64) {
        guard number >= 10 else { return self.write(byte: 0x30 &+ UInt8(truncatingIfNeeded: number)) }
        guard number < 100_000_000 else {
            let (above, digits) = number.quotientAndRemainder(dividingBy: 100_000_000)
            self.write(above)
            return self.place(8).storeBytes(
                of: (Self.digits(digits) &+ .lanes(0x30)).littleEndian, as: UInt64.self)
        }
        let digits = Self.digits(number)
        let zeros = digits.firstLane
        // All eight lanes are stored, those behind the last digit are written over by what follows.
        if self.room < 8 { self.grow(by: 8) }
        let lanes = (digits &+ .lanes(0x30)) &>> UInt64(8 &* zeros)
        self.next.storeBytes(of: lanes.littleEndian, as: UInt64.self)
        self.next += 8 &- zeros
        self.room &-= 8 &- zeros
    }

    /// The eight digits of a number below 10⁸, each in a lane of its own, the first in the lowest.
    @inline(__always)
    private static func digits(_ number: UInt64) -> UInt64 {
        // Halves, quarters and eighths of the digits, all lanes at once. A division by 100 (of less than 10⁴) is a
        // multiplication by 5243/2¹⁹, one by 10 (of less than 100) by 103/2¹⁰.
        let halves = number / 10_000 | (number % 10_000) &<< 32
        let high = (halves &* 5243) &>> 19 & 0x0000_007F_0000_007F
        let quarters = high | (halves &- high &* 100) &<< 16
        let tens = (quarters &* 103) &>> 10 & 0x000F_000F_000F_000F
        return tens | (quarters &- tens &* 10) &<< 8
    }

    /// Appends eight lower-case hexadecimal digits.
    @inline(__always)
    private mutating func write(hex word: UInt32) {
        // Each of the eight nibbles in a lane of its own, the first in the lowest lane; then to a digit in all lanes at
        // once: a lane above 9 gets 0x27 more, which is the way from `:` to `a`.
        var lanes = UInt64(word.byteSwapped)
        lanes = (lanes | lanes &<< 16) & 0x0000_FFFF_0000_FFFF
        lanes = (lanes | lanes &<< 8) & 0x00FF_00FF_00FF_00FF
        lanes = (lanes &>> 4 & 0x000F_000F_000F_000F) | (lanes &<< 8 & 0x0F00_0F00_0F00_0F00)
        let above = ((lanes &+ 0x0606_0606_0606_0606) &>> 4) & 0x0101_0101_0101_0101
        let digits = lanes &+ 0x3030_3030_3030_3030 &+ above &* 0x27
        self.write(lanes: digits, count: 8)
    }

    /// Appends sixteen lower-case hexadecimal digits.
    public mutating func write(hex word: UInt64) {
        self.write(hex: UInt32(truncatingIfNeeded: word &>> 32))
        self.write(hex: UInt32(truncatingIfNeeded: word))
    }
}
