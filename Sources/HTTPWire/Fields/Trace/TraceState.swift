public import NIOCore

/// W3C `tracestate`: checked, cut to a bound in whole entries, and rendered with our own entry first.
///
/// Several lines of the field are one list: give them joined by a comma. Without a valid traceparent the field is
/// dropped, which is the caller's to do; a bad tracestate never voids the traceparent.
public enum TraceState {
    /// Entries a list may have; a longer one is dropped whole.
    public static let entriesMax = 32
    /// Bytes sent on. The standard asks for at least 512.
    public static let bytesMax = 512
    /// Entries longer than this are the first to go.
    static let longEntry = 128

    /// Appends the entries of a list, in order.
    ///
    /// False, with nothing written, where the list is not valid: an entry without the required form, two with one key,
    /// more than 32, or none at all. Otherwise what is written has at most 512 bytes: entries of more than 128 bytes are
    /// left out first, then others, from the right both times.
    @discardableResult
    public static func append(_ value: Span<UInt8>, to buffer: inout ByteBuffer) -> Bool {
        guard var list = self.parse(value) else { return false }
        list.shrink(to: self.bytesMax)
        return self.write(list, of: value, isFirst: true, to: &buffer)
    }

    /// Appends our own entry, then those of the list that have another key, within the same bounds.
    ///
    /// `key` and `ours` come from configuration and must have the standard's form. Where the list is not valid, ours
    /// stands alone.
    public static func append(
        _ value: Span<UInt8>, key: Span<UInt8>, ours: Span<UInt8>, to buffer: inout ByteBuffer
    ) {
        buffer.writeBytes(key.bytes)
        buffer.writeInteger(UInt8(ascii: "="))
        buffer.writeBytes(ours.bytes)
        guard var list = self.parse(value) else { return }
        list.remove(key: key, of: value)
        list.keepFirst(self.entriesMax - 1)
        list.shrink(to: self.bytesMax - key.count - ours.count - 2)
        self.write(list, of: value, isFirst: false, to: &buffer)
    }

    @discardableResult
    private static func write(
        _ list: TraceStateList, of value: Span<UInt8>, isFirst: Bool, to buffer: inout ByteBuffer
    ) -> Bool {
        var isFirst = isFirst
        for index in 0..<list.count where list.isKept(index) {
            if !isFirst { buffer.writeInteger(UInt8(ascii: ",")) }
            isFirst = false
            FieldOctets.append(value, list.entry(index), to: &buffer)
        }
        return !isFirst
    }

    private static func parse(_ value: Span<UInt8>) -> TraceStateList? {
        var list = TraceStateList()
        var position = 0
        while position < value.count {
            let end = FieldOctets.position(of: UInt8(ascii: ","), in: value, from: position, to: value.count)
            let entry = FieldOctets.trimmed(value, position..<end)
            // Empty entries are allowed and mean nothing.
            if !entry.isEmpty {
                guard let keyEnd = self.keyEnd(value, entry), list.append(entry, keyEnd: keyEnd, of: value) else {
                    return nil
                }
            }
            position = end + 1
        }
        return list.count > 0 ? list : nil
    }

    /// Where the key of a well-formed entry ends: `[a-z0-9][a-z0-9_\-*/@]{0,255}`, `=`, then 1–256 printable bytes
    /// without `,` and `=`. The entry was trimmed, so it cannot end in a blank.
    private static func keyEnd(_ value: Span<UInt8>, _ entry: Range<Int>) -> Int? {
        let equals = FieldOctets.position(
            of: UInt8(ascii: "="), in: value, from: entry.lowerBound, to: entry.upperBound)
        let keyCount = equals - entry.lowerBound
        let valueCount = entry.upperBound - equals - 1
        guard keyCount >= 1, keyCount <= 256, valueCount >= 1, valueCount <= 256 else { return nil }
        for index in entry.lowerBound..<equals {
            let byte = value[index]
            if byte &- 0x61 < 26 || FieldOctets.isDigit(byte) { continue }
            switch byte {
            case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "@"):
                guard index > entry.lowerBound else { return nil }
            default:
                return nil
            }
        }
        for index in (equals + 1)..<entry.upperBound {
            guard value[index] >= 0x20, value[index] < 0x7F, value[index] != UInt8(ascii: "=") else { return nil }
        }
        return equals
    }
}
