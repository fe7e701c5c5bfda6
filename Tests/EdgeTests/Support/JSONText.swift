/// Just enough of JSON to look into problem documents and log lines: objects, arrays, strings, integers, decimals, booleans.
struct JSONText {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        self.rest = bytes[...]
    }

    init(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// The whole text as an object; nil when it is anything else.
    var object: [String: any Sendable]? {
        var copy = self
        guard let value = copy.value() as? [String: any Sendable] else { return nil }
        copy.skipSpace()
        return copy.rest.isEmpty ? value : nil
    }

    private mutating func skipSpace() {
        while let byte = self.rest.first, byte == 0x20 || (0x09...0x0D).contains(byte) { self.rest.removeFirst() }
    }

    private mutating func take(_ character: Character) -> Bool {
        self.skipSpace()
        guard let byte = character.asciiValue, self.rest.first == byte else { return false }
        self.rest.removeFirst()
        return true
    }

    private mutating func value() -> (any Sendable)? {
        self.skipSpace()
        switch self.rest.first.map({ Character(UnicodeScalar($0)) }) {
        case "{": return self.members()
        case "[": return self.elements()
        case "\"": return self.string()
        case .some: return self.word()
        case nil: return nil
        }
    }

    private mutating func members() -> [String: any Sendable]? {
        guard self.take("{") else { return nil }
        var members: [String: any Sendable] = [:]
        if self.take("}") { return members }
        repeat {
            self.skipSpace()
            guard let name = self.string(), self.take(":"), let value = self.value(), members[name] == nil else {
                return nil
            }
            members[name] = value
        } while self.take(",")
        return self.take("}") ? members : nil
    }

    private mutating func elements() -> [any Sendable]? {
        guard self.take("[") else { return nil }
        var elements: [any Sendable] = []
        if self.take("]") { return elements }
        repeat {
            guard let value = self.value() else { return nil }
            elements.append(value)
        } while self.take(",")
        return self.take("]") ? elements : nil
    }

    private mutating func string() -> String? {
        guard self.take("\"") else { return nil }
        var bytes: [UInt8] = []
        while let byte = self.rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                guard byte >= 0x20 else { return nil }
                bytes.append(byte)
                continue
            }
            guard let escaped = self.rest.popFirst() else { return nil }
            switch Character(UnicodeScalar(escaped)) {
            case "n": bytes.append(0x0A)
            case "t": bytes.append(0x09)
            case "r": bytes.append(0x0D)
            case "u":
                let digits = String(decoding: self.rest.prefix(4), as: UTF8.self)
                self.rest = self.rest.dropFirst(4)
                guard let code = UInt32(digits, radix: 16), let scalar = UnicodeScalar(code) else { return nil }
                bytes += Array(String(Character(scalar)).utf8)
            default: bytes.append(escaped)
            }
        }
        return nil
    }

    private mutating func word() -> (any Sendable)? {
        let end = self.rest.firstIndex { [0x2C, 0x5D, 0x7D, 0x20, 0x0A, 0x0D].contains($0) } ?? self.rest.endIndex
        let text = String(decoding: self.rest[..<end], as: UTF8.self)
        self.rest = self.rest[end...]
        switch text {
        case "true": return true
        case "false": return false
        default:
            if let integer = Int(text) { return integer }
            return Double(text)
        }
    }
}
