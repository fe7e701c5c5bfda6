/// A JSON Pointer (RFC 6901), parsed once from configuration and looked up in many response bodies.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// One reference token.
    struct Token: Sendable, Hashable {
        /// A member's name, unescaped.
        let name: [UInt8]
        /// The element it names where the value is an array: digits without leading zero. `-` names none that exists.
        let index: Int?
    }

    let tokens: [Token]
    /// The pointer as it was written.
    public let description: String

    /// Reads `""` (the whole document) or `/`-separated tokens in which `~0` stands for `~` and `~1` for `/`. Nil for
    /// anything else, the fragment form `#/…` included, and for more tokens than the scanner looks deep.
    public init?(_ text: String) {
        self.description = text
        guard !text.isEmpty else {
            self.tokens = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        var tokens: [Token] = []
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let name = Self.unescape(part) else { return nil }
            tokens.append(Token(name: name, index: Self.index(name)))
        }
        guard tokens.count <= JSONPointerScanner.depthMax else { return nil }
        self.tokens = tokens
    }

    /// The integer a pointer names in a JSON text; see ``JSONPointerScanner``.
    public func integer(in json: Span<UInt8>) -> Int? {
        var scanner = JSONPointerScanner(self)
        return scanner.integer(in: json)
    }

    private static func unescape(_ part: Substring.UTF8View.SubSequence) -> [UInt8]? {
        var name: [UInt8] = []
        var bytes = part.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "~") else {
                name.append(byte)
                continue
            }
            switch bytes.next() {
            case UInt8(ascii: "0"): name.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): name.append(UInt8(ascii: "/"))
            default: return nil
            }
        }
        return name
    }

    private static func index(_ name: [UInt8]) -> Int? {
        guard !name.isEmpty, name.count <= 9, name.allSatisfy(FieldOctets.isDigit) else { return nil }
        guard name.count == 1 || name[0] != UInt8(ascii: "0") else { return nil }
        return name.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
    }
}
