public import NIOCore

/// A W3C Trace Context `traceparent`: which trace and which span of it a request belongs to.
public struct TraceParent: Sendable, Equatable {
    /// The trace's id, first eight bytes.
    public let traceHigh: UInt64
    /// The trace's id, last eight bytes.
    public let traceLow: UInt64
    /// The span's id, never zero.
    public let span: UInt64
    /// Bit 0: sampled. Bit 1: the trace id is random (Level 2). Others are kept as read and never sent on.
    public let flags: UInt8

    /// A parent from its parts; nil where one of the ids is zero.
    public init?(traceHigh: UInt64, traceLow: UInt64, span: UInt64, flags: UInt8) {
        guard traceHigh | traceLow != 0, span != 0 else { return nil }
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.flags = flags
    }

    /// Reads a field's value: `00-<32 hex>-<16 hex>-<2 hex>`, lower case, neither id zero.
    ///
    /// Of an unknown version the same places are read, provided the value ends there or goes on with `-`; version `ff`
    /// is invalid. Nil means: ignore the field and its tracestate, start a new trace. A field sent twice is invalid too,
    /// which is the caller's to see.
    public init?(_ value: Span<UInt8>) {
        guard value.count >= 55, let version = Self.hex(value, 0..<2), version != 0xFF else { return nil }
        if version == 0 {
            guard value.count == 55 else { return nil }
        } else if value.count > 55 {
            guard value[55] == UInt8(ascii: "-") else { return nil }
        }
        guard value[2] == UInt8(ascii: "-"), value[35] == UInt8(ascii: "-"), value[52] == UInt8(ascii: "-"),
            let high = Self.hex(value, 3..<19), let low = Self.hex(value, 19..<35),
            let span = Self.hex(value, 36..<52), let flags = Self.hex(value, 53..<55)
        else { return nil }
        self.init(traceHigh: high, traceLow: low, span: span, flags: UInt8(truncatingIfNeeded: flags))
    }

    /// A new trace with a random id, as the flags then say.
    public static func fresh(sampled: Bool, using random: inout FastRandom) -> TraceParent {
        while true {
            let flags: UInt8 = sampled ? 0b11 : 0b10
            if let parent = TraceParent(
                traceHigh: random.next(), traceLow: random.next(), span: random.next(), flags: flags)
            {
                return parent
            }
        }
    }

    /// A new span of the same trace.
    public func child(using random: inout FastRandom) -> TraceParent {
        while true {
            if let child = TraceParent(
                traceHigh: self.traceHigh, traceLow: self.traceLow, span: random.next(), flags: self.flags)
            {
                return child
            }
        }
    }

    /// Whether the caller recorded the trace.
    public var isSampled: Bool { self.flags & 1 != 0 }

    /// Appends the 55 bytes of version `00`; only the two flags it defines are sent.
    public func append(to buffer: inout ByteBuffer) {
        var writer = HeadWriter(&buffer, room: 55)
        self.append(to: &writer)
        writer.finish(&buffer)
    }

    /// As `append(to:)`, into a head.
    public func append(to writer: inout HeadWriter) {
        writer.write("00-")
        writer.write(hex: self.traceHigh)
        writer.write(hex: self.traceLow)
        writer.write("-")
        writer.write(hex: self.span)
        writer.write("-0")
        writer.write(byte: 0x30 &+ (self.flags & 0b11))
    }

    /// Appends the trace's id, 32 lower-case hex digits.
    public func appendTraceID(to buffer: inout ByteBuffer) {
        FieldOctets.appendHex(self.traceHigh, digits: 16, to: &buffer)
        FieldOctets.appendHex(self.traceLow, digits: 16, to: &buffer)
    }

    /// Appends the span's id, 16 lower-case hex digits.
    public func appendSpanID(to buffer: inout ByteBuffer) {
        FieldOctets.appendHex(self.span, digits: 16, to: &buffer)
    }

    private static func hex(_ value: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
        var result: UInt64 = 0
        for index in range {
            guard let digit = FieldOctets.lowerHexValue(value[index]) else { return nil }
            result = result << 4 | UInt64(digit)
        }
        return result
    }
}
