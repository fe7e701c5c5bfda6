/// Comparisons that the exchange needs of bytes still in the receive buffer.
extension Span where Element == UInt8 {
    func equalsIgnoringCase(_ lowercase: Span<UInt8>) -> Bool {
        guard self.count == lowercase.count else { return false }
        for index in 0..<self.count {
            let byte = self[index]
            let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            if lower != lowercase[index] { return false }
        }
        return true
    }

    func equals(_ other: Span<UInt8>) -> Bool {
        guard self.count == other.count else { return false }
        for index in 0..<self.count where self[index] != other[index] { return false }
        return true
    }

    /// Whether a path begins with `prefix` and the prefix ends at a segment's end.
    func hasPathPrefix(_ prefix: Span<UInt8>) -> Bool {
        guard !prefix.isEmpty, self.count >= prefix.count else { return false }
        for index in 0..<prefix.count where self[index] != prefix[index] { return false }
        return self.count == prefix.count || self[prefix.count] == UInt8(ascii: "/")
    }

    /// Whether a `Via` value names `pseudonym` as one of its hops.
    func containsPseudonym(_ pseudonym: Span<UInt8>) -> Bool {
        guard self.count >= pseudonym.count + 1 else { return false }
        for start in 1...(self.count - pseudonym.count) where self[start - 1] == 0x20 || self[start - 1] == 0x09 {
            var index = 0
            while index < pseudonym.count, self[start + index] == pseudonym[index] { index += 1 }
            guard index == pseudonym.count else { continue }
            let end = start + index
            if end == self.count || self[end] == UInt8(ascii: ",") || self[end] == 0x20 { return true }
        }
        return false
    }

    /// A decimal integer of at most 15 digits.
    var decimal: Int? {
        guard self.count >= 1, self.count <= 15 else { return nil }
        var value = 0
        for index in 0..<self.count {
            guard self[index] >= 0x30, self[index] <= 0x39 else { return nil }
            value = value * 10 + Int(self[index] - 0x30)
        }
        return value
    }
}
