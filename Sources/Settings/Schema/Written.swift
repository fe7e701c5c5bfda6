/// A value on its way into a file: what the schema turns configuration into, before it is laid out as YAML.
indirect enum Written: Sendable {
    /// Already quoted where it must be.
    case scalar(String)
    case list([Written])
    case record([WrittenField])

    static let null = Written.scalar("null")

    /// Text as a YAML scalar, quoted unless it is plain beyond doubt; a dollar sign is doubled, as reading halves it.
    static func text(_ text: String) -> Written {
        let escaped = text.replacing("$", with: "$$")
        let isPlain =
            escaped.utf8.first.map { isWord($0) || $0 == UInt8(ascii: "/") } == true
            && escaped.utf8.allSatisfy { isWord($0) || "/.-@+:*".utf8.contains($0) }
            && !escaped.contains(": ") && !escaped.hasSuffix(":") && !isSpecial(escaped)
        return .scalar(isPlain ? escaped : quoted(escaped))
    }

    var isEmptyList: Bool {
        if case .list(let elements) = self { return elements.isEmpty }
        return false
    }

    var isNull: Bool {
        if case .scalar("null") = self { return true }
        return false
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
    }

    /// Words and numbers that YAML reads as something else than text.
    private static func isSpecial(_ text: String) -> Bool {
        ["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
            || Double(text) != nil
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            switch character {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            default:
                if character.value < 0x20 || character.value == 0x7F {
                    let hex = String(character.value, radix: 16)
                    quoted += "\\x" + (hex.count < 2 ? "0" : "") + hex
                } else {
                    quoted.unicodeScalars.append(character)
                }
            }
        }
        return quoted + "\""
    }
}

/// One line or block of a mapping.
struct WrittenField: Sendable {
    var name: String
    var value: Written
    var description: FieldDescription
    /// What an entry of an empty list, or a section that is off, would look like.
    var example: Written?
}

/// What people are told about a field.
struct FieldDescription: Sendable {
    var name: String
    /// `duration`, `list of text`.
    var type: String
    var summary: String
    /// As written in YAML; nil where the field must be given.
    var defaultText: String?
    /// The fields of the record, or of the list's entries.
    var record: RecordDescription?
    var isSecret = false
}

/// What people are told about a record.
struct RecordDescription: Sendable {
    /// Unique; a record used in several places is described once.
    var title: String
    var summary: String
    var fields: [FieldDescription]
}
