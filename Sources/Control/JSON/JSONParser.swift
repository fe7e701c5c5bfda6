/// Where and why a text is no JSON.
package struct JSONSyntaxError: Error, Equatable {
    /// Bytes before the place.
    package let offset: Int
    package let reason: String
}

/// Reads JSON strictly: UTF-8, one value, no name twice in an object, no half of a surrogate pair, and no deeper than
/// anything here needs.
package struct JSONParser {
    private let bytes: [UInt8]
    private var index = 0

    private static let depthMax = 24

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// - Throws: ``JSONSyntaxError``.
    package static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSON {
        var parser = JSONParser(bytes)
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.index == bytes.count else { throw parser.error("expected the end of the text") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSON {
        self.skipSpace()
        guard depth <= Self.depthMax else { throw self.error("nested more than \(Self.depthMax) deep") }
        switch self.peek {
        case UInt8(ascii: "{"): return try self.object(depth: depth)
        case UInt8(ascii: "["): return try self.array(depth: depth)
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "t"): return try self.word("true", .bool(true))
        case UInt8(ascii: "f"): return try self.word("false", .bool(false))
        case UInt8(ascii: "n"): return try self.word("null", .null)
        case .some(let byte) where byte == UInt8(ascii: "-") || Self.isDigit(byte): return try self.number()
        case .some: throw self.error("expected a value")
        case .none: throw self.error("expected a value, not the end of the text")
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSON {
        self.index += 1
        var members: [JSON.Member] = []
        var names: Set<String> = []
        self.skipSpace()
        if self.take("}") { return .object([]) }
        while true {
            self.skipSpace()
            guard self.peek == UInt8(ascii: "\"") else { throw self.error("expected a member's name in quotes") }
            let name = try self.string()
            guard names.insert(name).inserted else { throw self.error("the name stands twice in one object") }
            self.skipSpace()
            guard self.take(":") else { throw self.error("expected a colon") }
            members.append(JSON.Member(name, try self.value(depth: depth + 1)))
            self.skipSpace()
            if self.take("}") { return .object(members) }
            guard self.take(",") else { throw self.error("expected a comma or the end of the object") }
        }
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSON {
        self.index += 1
        var elements: [JSON] = []
        self.skipSpace()
        if self.take("]") { return .array([]) }
        while true {
            elements.append(try self.value(depth: depth + 1))
            self.skipSpace()
            if self.take("]") { return .array(elements) }
            guard self.take(",") else { throw self.error("expected a comma or the end of the array") }
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONSyntaxError) -> JSON {
        for byte in "\(word)".utf8 {
            guard self.peek == byte else { throw self.error("expected \(word)") }
            self.index += 1
        }
        return value
    }

    private mutating func number() throws(JSONSyntaxError) -> JSON {
        let start = self.index
        _ = self.take("-")
        if self.take("0") {
            if let next = self.peek, Self.isDigit(next) { throw self.error("a number has no zeros in front") }
        } else {
            try self.digits()
        }
        if self.take(".") { try self.digits() }
        if self.take("e") || self.take("E") {
            if !self.take("+") { _ = self.take("-") }
            try self.digits()
        }
        let text = String(decoding: self.bytes[start..<self.index], as: UTF8.self)
        if let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw self.error("the number is too large") }
        return Int64(exactly: number).map(JSON.integer) ?? .number(number)
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = self.index
        while let byte = self.peek, Self.isDigit(byte) { self.index += 1 }
        guard self.index > start else { throw self.error("expected a digit") }
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        self.index += 1
        var text: [UInt8] = []
        while let byte = self.peek {
            self.index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw self.error("the string is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): try self.escape(into: &text)
            case 0..<0x20: throw self.error("a control character in a string must be escaped")
            default: text.append(byte)
            }
        }
        throw self.error("a string does not end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
        guard let byte = self.peek else { throw self.error("a string does not end") }
        self.index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"): text += Array(Character(try self.scalar()).utf8)
        default: throw self.error("there is no such escape")
        }
    }

    private mutating func scalar() throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try self.unit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xD800...0xDBFF).contains(first), self.take("\\"), self.take("u") else {
            throw self.error("half of a surrogate pair")
        }
        let second = try self.unit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw self.error("half of a surrogate pair") }
        return scalar
    }

    private mutating func unit() throws(JSONSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = self.peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw self.error("expected four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            self.index += 1
        }
        return value
    }

    // MARK: Bytes

    private var peek: UInt8? { self.index < self.bytes.count ? self.bytes[self.index] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard self.peek == UInt8(ascii: scalar) else { return false }
        self.index += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = self.peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { self.index += 1 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private func error(_ reason: String) -> JSONSyntaxError { JSONSyntaxError(offset: self.index, reason: reason) }
}
