extension JSON {
    /// On one line, without white space.
    package var encoded: String {
        var output = ""
        self.write(into: &output)
        return output
    }

    /// Indented for people; ends in a newline.
    var pretty: String {
        var output = ""
        self.write(into: &output, indent: "\n")
        return output + "\n"
    }

    private func write(into output: inout String) {
        switch self {
        case .array(let elements):
            output += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { output += "," }
                element.write(into: &output)
            }
            output += "]"
        case .object(let members):
            output += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { output += "," }
                output += JSONText.quoted(member.name)
                output += ":"
                member.value.write(into: &output)
            }
            output += "}"
        default: output += self.scalar
        }
    }

    /// - Parameter indent: a newline and the blanks before each line.
    private func write(into output: inout String, indent: String) {
        let deeper = indent + "  "
        switch self {
        case .array(let elements) where !elements.isEmpty:
            output += "["
            for (index, element) in elements.enumerated() {
                output += index > 0 ? ",\(deeper)" : deeper
                element.write(into: &output, indent: deeper)
            }
            output += "\(indent)]"
        case .object(let members) where !members.isEmpty:
            output += "{"
            for (index, member) in members.enumerated() {
                output += index > 0 ? ",\(deeper)" : deeper
                output += "\(JSONText.quoted(member.name)): "
                member.value.write(into: &output, indent: deeper)
            }
            output += "\(indent)}"
        default: self.write(into: &output)
        }
    }

    private var scalar: String {
        switch self {
        case .null: "null"
        case .bool(let bool): bool ? "true" : "false"
        case .integer(let integer): String(integer)
        // JSON has no infinities, and nothing here makes one.
        case .number(let number): number.isFinite ? "\(number)" : "null"
        case .string(let text): JSONText.quoted(text)
        case .array, .object: ""
        }
    }
}
