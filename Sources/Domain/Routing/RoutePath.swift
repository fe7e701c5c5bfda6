/// The one form of a path that is both routed and forwarded (STANDARDS §5: normalise once, route on it, forward
/// exactly that). If a route were chosen on `/public/%2e%2e/admin` and the upstream decoded it, the route's gates
/// would guard another resource than the one that is read.
///
/// Canonical: starts with `/`, has no `.` or `..` segment, and percent-encodes with upper-case digits, and only what
/// needs it. `%2F` stays encoded and so belongs to its segment; empty segments are kept, they may mean something.
public enum RoutePath {
    /// Whether the path can be used as it is. One pass, nothing allocated.
    public static func isCanonical(_ path: Span<UInt8>) -> Bool {
        let count = path.count
        guard count > 0, path[0] == slash else { return false }
        var index = 0
        while index < count {
            let byte = path[index]
            if byte == percent { return isCanonicalEncoded(path) }
            if byte == slash, index + 1 < count, path[index + 1] == dot, isDotSegment(path, after: index) {
                return false
            }
            index += 1
        }
        return true
    }

    /// The canonical form; nil where there is none, because an escape is broken, names a control character, or the path
    /// climbs above the root.
    public static func canonical(_ path: Span<UInt8>) -> [UInt8]? {
        guard path.count > 0, path[0] == slash, let decoded = decodingUnreserved(path) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(decoded.count)
        var start = 1
        while start <= decoded.count {
            let end = decoded[start...].firstIndex(of: slash) ?? decoded.count
            let segment = decoded[start..<end]
            let isLast = end == decoded.count
            if segment.elementsEqual([dot]) {
                if isLast { result.append(slash) }
            } else if segment.elementsEqual([dot, dot]) {
                guard let parent = result.lastIndex(of: slash) else { return nil }
                result.removeSubrange(parent...)
                if isLast { result.append(slash) }
            } else {
                result.append(slash)
                result.append(contentsOf: segment)
            }
            start = end + 1
        }
        return result
    }

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")
    private static let percent = UInt8(ascii: "%")

    private static func isDotSegment(_ path: Span<UInt8>, after slashIndex: Int) -> Bool {
        let count = path.count
        let second = slashIndex + 2
        if second == count || path[second] == slash { return true }
        return path[second] == dot && (second + 1 == count || path[second + 1] == slash)
    }

    /// Escapes are rare in the paths of an API: those that have some are compared with their canonical form.
    private static func isCanonicalEncoded(_ path: Span<UInt8>) -> Bool {
        guard let canonical = canonical(path), canonical.count == path.count else { return false }
        for index in 0..<path.count where canonical[index] != path[index] { return false }
        return true
    }

    private static func decodingUnreserved(_ path: Span<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            guard path[index] == percent else {
                result.append(path[index])
                index += 1
                continue
            }
            guard index + 2 < path.count, let high = hex(path[index + 1]), let low = hex(path[index + 2]) else {
                return nil
            }
            let byte = high << 4 | low
            guard byte >= 0x20, byte != 0x7F else { return nil }
            if isUnreserved(byte) {
                result.append(byte)
            } else {
                result += [percent, upperHex(high), upperHex(low)]
            }
            index += 3
        }
        return result
    }

    /// RFC 3986 §2.3.
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), dot, UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func upperHex(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
