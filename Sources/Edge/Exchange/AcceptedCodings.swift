import HTTPWire

/// Which content codings a client can take (RFC 9110 §12.5.3). Without the field it takes any.
struct AcceptedCodings: Equatable {
    /// Of each coding that is named: whether its weight is above zero.
    private var named: [Coding: Bool] = [:]
    private var others = true

    /// Codings that the gateway knows by name; of those it can undo the first two.
    enum Coding: Equatable {
        case gzip, deflate, br, zstd, compress, identity
        /// Any other: taken only by who takes everything.
        case unknown

        init(_ name: Span<UInt8>) {
            let all = ByteRange(0, name.count)
            if name.matches(all, lowercase: "gzip") || name.matches(all, lowercase: "x-gzip") {
                self = .gzip
            } else if name.matches(all, lowercase: "deflate") {
                self = .deflate
            } else if name.matches(all, lowercase: "br") {
                self = .br
            } else if name.matches(all, lowercase: "zstd") {
                self = .zstd
            } else if name.matches(all, lowercase: "compress") || name.matches(all, lowercase: "x-compress") {
                self = .compress
            } else if name.matches(all, lowercase: "identity") {
                self = .identity
            } else {
                self = .unknown
            }
        }
    }

    func accepts(_ coding: Coding) -> Bool { self.named[coding] ?? (coding == .identity || self.others) }

    /// Takes one `Accept-Encoding` line.
    mutating func readLine(_ value: Span<UInt8>) {
        if self.named.isEmpty { self.others = false }
        var start = 0
        while start < value.count {
            var end = start
            while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
            self.readElement(value.extracting(start..<end))
            start = end + 1
        }
    }

    private mutating func readElement(_ element: Span<UInt8>) {
        var nameEnd = 0
        while nameEnd < element.count, element[nameEnd] != UInt8(ascii: ";") { nameEnd += 1 }
        let name = element.trimmed(0, nameEnd)
        guard !name.isEmpty else { return }
        let isWanted = Self.hasWeight(element.extracting(nameEnd..<element.count))
        if name.count == 1, element[name.start] == UInt8(ascii: "*") {
            self.others = isWanted
        } else {
            self.named[Coding(element.extracting(name.bounds))] = isWanted
        }
    }

    /// False for `;q=0`, `;q=0.0` and the like; a weight that cannot be read counts as one.
    private static func hasWeight(_ parameters: Span<UInt8>) -> Bool {
        var index = 0
        while index + 1 < parameters.count {
            guard parameters[index] | 0x20 == UInt8(ascii: "q"), parameters[index + 1] == UInt8(ascii: "=") else {
                index += 1
                continue
            }
            for position in (index + 2)..<parameters.count where (0x31...0x39).contains(parameters[position]) {
                return true
            }
            return index + 2 == parameters.count || parameters[index + 2] != UInt8(ascii: "0")
        }
        return true
    }
}

extension Span where Element == UInt8 {
    /// `start..<end` without blanks at either end.
    func trimmed(_ start: Int, _ end: Int) -> ByteRange {
        var (lower, upper) = (start, end)
        while lower < upper, self[lower] == 0x20 || self[lower] == 0x09 { lower += 1 }
        while upper > lower, self[upper - 1] == 0x20 || self[upper - 1] == 0x09 { upper -= 1 }
        return ByteRange(lower, upper)
    }
}
