/// A strict reader of Structured Field Lists of Strings with parameters (RFC 9651 §4.2), written apart from the code
/// under test. It fails on everything the RFC says to fail on, within what rate-limit fields may hold.
struct StrictStructuredFields {
    enum Value: Equatable {
        case integer(Int)
        case string(String)
    }

    struct Item: Equatable {
        let name: String
        let parameters: [(key: String, value: Value)]

        subscript(key: String) -> Value? { self.parameters.last { $0.key == key }?.value }

        static func == (left: Item, right: Item) -> Bool {
            left.name == right.name && left.parameters.map(\.key) == right.parameters.map(\.key)
                && left.parameters.map(\.value) == right.parameters.map(\.value)
        }
    }

    struct Malformed: Error {
        let at: Int
        let text: String
    }

    private let bytes: [UInt8]
    private var position = 0

    static func list(_ text: String) throws -> [Item] {
        var reader = StrictStructuredFields(bytes: Array(text.utf8))
        return try reader.list()
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    private func malformed() -> Malformed {
        Malformed(at: self.position, text: String(decoding: self.bytes, as: UTF8.self))
    }

    private mutating func list() throws -> [Item] {
        var items: [Item] = []
        while true {
            items.append(try self.item())
            self.skip(" \t")
            guard self.next != nil else { return items }
            guard self.take(",") else { throw self.malformed() }
            self.skip(" \t")
        }
    }

    private mutating func item() throws -> Item {
        let name = try self.string()
        var parameters: [(String, Value)] = []
        while self.take(";") {
            self.skip(" ")
            let key = try self.key()
            guard self.take("=") else { throw self.malformed() }
            parameters.append((key, self.next == UInt8(ascii: "\"") ? .string(try self.string()) : try self.integer()))
        }
        return Item(name: name, parameters: parameters)
    }

    private mutating func string() throws -> String {
        guard self.take("\"") else { throw self.malformed() }
        var content: [UInt8] = []
        while let byte = self.next {
            self.position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = self.next, escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
                    throw self.malformed()
                }
                content.append(escaped)
                self.position += 1
            case 0x20...0x7E: content.append(byte)
            default: throw self.malformed()
            }
        }
        throw self.malformed()
    }

    private mutating func key() throws -> String {
        let start = self.position
        while let byte = self.next, "abcdefghijklmnopqrstuvwxyz0123456789_-.*".utf8.contains(byte) {
            self.position += 1
        }
        let key = self.bytes[start..<self.position]
        guard let first = key.first, first >= UInt8(ascii: "a") || first == UInt8(ascii: "*") else {
            throw self.malformed()
        }
        return String(decoding: key, as: UTF8.self)
    }

    private mutating func integer() throws -> Value {
        let start = self.position
        while let byte = self.next, "0123456789".utf8.contains(byte) { self.position += 1 }
        let text = String(decoding: self.bytes[start..<self.position], as: UTF8.self)
        // RL-2: a point would make it a Decimal, which none of these parameters may be.
        guard (1...15).contains(text.count), self.next != UInt8(ascii: "."), let value = Int(text) else {
            throw self.malformed()
        }
        return .integer(value)
    }

    private mutating func take(_ text: Unicode.Scalar) -> Bool {
        guard self.next == UInt8(ascii: text) else { return false }
        self.position += 1
        return true
    }

    private mutating func skip(_ blanks: String) {
        while let byte = self.next, blanks.utf8.contains(byte) { self.position += 1 }
    }
}
