/// Looks an integer up in a JSON text in one pass over its bytes, building nothing: how usage is read from a response.
///
/// The whole text is read, even past the value: one that is cut off or no JSON gives no number to bill. Where an object
/// repeats a name, the last one counts, as in most parsers. Containers nest at most 64 deep. Strings are checked for
/// their escapes but not for UTF-8.
public struct JSONPointerScanner {
    /// Containers that may be open at once.
    public static let depthMax = 64

    private let tokens: [JSONPointer.Token]
    private var position = 0
    private var found: Int?

    /// A scanner for one pointer.
    public init(_ pointer: JSONPointer) {
        self.tokens = pointer.tokens
    }

    /// The number at the pointer. Nil where there is no value, it is no number, not whole (`2.5`; `2.0` and `2e3` are
    /// whole), outside Int, or the text is not JSON.
    public mutating func integer(in json: Span<UInt8>) -> Int? {
        self.position = 0
        self.found = nil
        self.skipBlanks(json)
        guard self.value(json, matched: 0, depth: 0) else { return nil }
        self.skipBlanks(json)
        return self.position == json.count ? self.found : nil
    }

    /// Scans one value. `matched` is how many tokens lead to it, or nil where it is off the pointer's way.
    private mutating func value(_ json: Span<UInt8>, matched: Int?, depth: Int) -> Bool {
        guard self.position < json.count else { return false }
        switch json[self.position] {
        case UInt8(ascii: "{"): return depth < Self.depthMax && self.object(json, matched: matched, depth: depth + 1)
        case UInt8(ascii: "["): return depth < Self.depthMax && self.array(json, matched: matched, depth: depth + 1)
        case UInt8(ascii: "\""): return self.string(json) != nil
        case UInt8(ascii: "t"): return self.literal(json, "true")
        case UInt8(ascii: "f"): return self.literal(json, "false")
        case UInt8(ascii: "n"): return self.literal(json, "null")
        default:
            guard let number = JSONNumber(json, at: &self.position) else { return false }
            if matched == self.tokens.count { self.found = number.integer }
            return true
        }
    }

    private mutating func object(_ json: Span<UInt8>, matched: Int?, depth: Int) -> Bool {
        self.position += 1
        self.skipBlanks(json)
        if self.take(json, UInt8(ascii: "}")) { return true }
        while true {
            guard let name = self.string(json) else { return false }
            self.skipBlanks(json)
            guard self.take(json, UInt8(ascii: ":")) else { return false }
            self.skipBlanks(json)
            var next: Int?
            if let matched, matched < self.tokens.count, JSONName.spells(json, name, self.tokens[matched].name) {
                next = matched + 1
                self.found = nil
            }
            guard self.value(json, matched: next, depth: depth) else { return false }
            self.skipBlanks(json)
            if self.take(json, UInt8(ascii: "}")) { return true }
            guard self.take(json, UInt8(ascii: ",")) else { return false }
            self.skipBlanks(json)
        }
    }

    private mutating func array(_ json: Span<UInt8>, matched: Int?, depth: Int) -> Bool {
        self.position += 1
        self.skipBlanks(json)
        if self.take(json, UInt8(ascii: "]")) { return true }
        var element = 0
        while true {
            var next: Int?
            if let matched, matched < self.tokens.count, self.tokens[matched].index == element { next = matched + 1 }
            guard self.value(json, matched: next, depth: depth) else { return false }
            self.skipBlanks(json)
            if self.take(json, UInt8(ascii: "]")) { return true }
            guard self.take(json, UInt8(ascii: ",")) else { return false }
            self.skipBlanks(json)
            element += 1
        }
    }

    /// Scans a string; returns the range between its quotes.
    private mutating func string(_ json: Span<UInt8>) -> Range<Int>? {
        guard self.take(json, UInt8(ascii: "\"")) else { return nil }
        let start = self.position
        while self.position < json.count {
            switch json[self.position] {
            case UInt8(ascii: "\""):
                self.position += 1
                return start..<(self.position - 1)
            case UInt8(ascii: "\\"):
                guard let length = JSONName.escapeLength(json, at: self.position) else { return nil }
                self.position += length
            case 0..<0x20: return nil
            default: self.position += 1
            }
        }
        return nil
    }

    private mutating func literal(_ json: Span<UInt8>, _ text: StaticString) -> Bool {
        let end = self.position + text.utf8CodeUnitCount
        guard end <= json.count else { return false }
        let matches = text.withUTF8Buffer { text in
            for index in 0..<text.count where json[self.position + index] != text[index] { return false }
            return true
        }
        self.position = end
        return matches
    }

    private mutating func take(_ json: Span<UInt8>, _ byte: UInt8) -> Bool {
        guard self.position < json.count, json[self.position] == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func skipBlanks(_ json: Span<UInt8>) {
        while self.position < json.count {
            switch json[self.position] {
            case 0x20, 0x09, 0x0A, 0x0D: self.position += 1
            default: return
            }
        }
    }
}
