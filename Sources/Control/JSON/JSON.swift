/// A JSON value (RFC 8259) whose members keep their order. Whole numbers are integers however they were written
/// (`1`, `1.0`, `1e0`).
package enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    /// One member of an object.
    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// A member of an object; nil for none, and for what is no object.
    package subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    package var text: String? { if case .string(let text) = self { text } else { nil } }
    package var integer: Int64? { if case .integer(let integer) = self { integer } else { nil } }
    package var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    package var elements: [JSON]? { if case .array(let elements) = self { elements } else { nil } }
    package var members: [Member]? { if case .object(let members) = self { members } else { nil } }
    /// The texts of an array.
    var texts: [String]? { self.elements?.compactMap(\.text) }

    /// The object with further members.
    func with(_ name: String, _ value: JSON) -> JSON { .object((self.members ?? []) + [Member(name, value)]) }

    /// The object without some members.
    package func without(_ names: String...) -> JSON {
        .object((self.members ?? []).filter { !names.contains($0.name) })
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { Member($0, $1) }) }
}

extension JSON {
    /// A text, or null.
    package static func text(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }
    /// A number, or null.
    static func int(_ value: Int?) -> JSON { value.map { .integer(Int64($0)) } ?? .null }
    /// An array of texts.
    package static func texts(_ texts: [String]) -> JSON { .array(texts.map(JSON.string)) }
}
