/// Puts values of the environment into a scalar: `${NAME}`, `${NAME:-default}` where the variable is unset or empty,
/// and `$$` for a dollar sign. What comes in is text and is never read as YAML.
enum Substitution {
    enum Failure: Error, Equatable {
        case missing(name: String)
        case unclosed
        case badName
    }

    /// The text, and whether anything of it came from the environment.
    static func apply(
        _ raw: String, environment: [String: String]
    ) throws(Failure) -> (text: String, usesEnvironment: Bool) {
        guard raw.contains("$") else { return (raw, false) }
        var text = ""
        var usesEnvironment = false
        var rest = raw[...]
        while let dollar = rest.firstIndex(of: "$") {
            text += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                text += "$"
                rest = rest.dropFirst()
            } else if rest.first == "{" {
                guard let end = rest.firstIndex(of: "}") else { throw .unclosed }
                let value = try resolve(rest[..<end].dropFirst(), environment: environment)
                text += value.text
                usesEnvironment = usesEnvironment || value.isFromEnvironment
                rest = rest[rest.index(after: end)...]
            } else {
                text += "$"
            }
        }
        return (text + rest, usesEnvironment)
    }

    private static func resolve(
        _ inside: Substring, environment: [String: String]
    ) throws(Failure) -> (text: String, isFromEnvironment: Bool) {
        let name = inside.prefix { $0 != ":" }
        let fallback = inside.dropFirst(name.count)
        guard isName(name), fallback.isEmpty || fallback.hasPrefix(":-") else { throw .badName }
        let value = environment[String(name)]
        if fallback.isEmpty {
            guard let value else { throw .missing(name: String(name)) }
            return (value, true)
        }
        if let value, !value.isEmpty { return (value, true) }
        return (String(fallback.dropFirst(2)), false)
    }

    private static func isName(_ name: Substring) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F
        }
    }
}
