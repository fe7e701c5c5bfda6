/// Why a path pattern cannot be used, as a sentence for the person who wrote it.
public struct RoutePatternError: Error, Equatable {
    public let reason: String
}

/// A route's path, taken apart: literal segments, `{name}` for one segment that is not empty, and `**` at the end for
/// everything at or below. `/` is the root alone.
public struct RoutePattern: Sendable, Equatable {
    public enum Segment: Sendable, Equatable {
        case literal([UInt8])
        case parameter(String)
    }

    public var segments: [Segment] = []
    /// Whether the pattern ends in `**`.
    public var matchesBelow = false

    /// More would be a mistake, and the walk through the table recurses once a segment.
    public static let segmentsMax = 32

    public init(_ text: String) throws(RoutePatternError) {
        guard text.utf8.first == UInt8(ascii: "/") else { throw Self.error("it must start with '/'") }
        let parts = text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count <= Self.segmentsMax else { throw Self.error("it has more than \(Self.segmentsMax) segments") }
        for (index, part) in parts.enumerated() {
            let bytes = Array(part)
            if bytes.elementsEqual("**".utf8) {
                guard index == parts.count - 1 else { throw Self.error("'**' may stand at the end only") }
                matchesBelow = true
            } else {
                segments.append(try Self.segment(bytes, isLast: index == parts.count - 1))
            }
        }
    }

    private static func segment(_ bytes: [UInt8], isLast: Bool) throws(RoutePatternError) -> Segment {
        let text = String(decoding: bytes, as: UTF8.self)
        if bytes.first == UInt8(ascii: "{"), bytes.last == UInt8(ascii: "}") {
            let name = bytes.dropFirst().dropLast()
            guard isName(name) else { throw error("'\(text)' must name a parameter with a-z, 0-9 and '_', like {id}") }
            return .parameter(String(decoding: name, as: UTF8.self))
        }
        guard !bytes.isEmpty || isLast else { throw error("it has an empty segment ('//')") }
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "}"):
                throw error("'\(text)' mixes text and a parameter; '{name}' takes a whole segment")
            case UInt8(ascii: "*"): throw error("'\(text)' holds a '*'; only '/**' at the end is understood")
            case 0...0x20, 0x7F...0xFF, UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\\"), UInt8(ascii: "\""),
                UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"):
                throw error("'\(text)' holds a character that a path cannot have unencoded")
            default: break
            }
        }
        let path = [UInt8(ascii: "/")] + bytes
        guard RoutePath.isCanonical(path.span) else {
            throw error("'\(text)' is not in canonical form (no '.' or '..', escapes upper-case and only where needed)")
        }
        return .literal(bytes)
    }

    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, (0x61...0x7A).contains(first) else { return false }
        return bytes.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_") }
    }

    private static func error(_ reason: String) -> RoutePatternError { RoutePatternError(reason: reason) }
}
