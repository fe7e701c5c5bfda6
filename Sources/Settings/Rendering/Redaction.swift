/// Hides what must not be shown: passwords, and those inside of URLs and connection strings.
enum Redaction {
    private static let hidden = "\"***\""

    static func apply(_ value: Written) -> Written {
        switch value {
        case .scalar: return value
        case .list(let elements): return .list(elements.map(apply))
        case .record(let fields):
            return .record(
                fields.map { field in
                    var field = field
                    field.value = field.description.isSecret ? redacted(field) : apply(field.value)
                    return field
                })
        }
    }

    private static func redacted(_ field: WrittenField) -> Written {
        guard case .scalar(let text) = field.value, !field.value.isNull else { return field.value }
        switch field.description.type {
        case "URL", "connection string": return .scalar(connection(text))
        default: return .scalar(hidden)
        }
    }

    /// Keeps what is certain to hold no password, and hides the rest.
    static func connection(_ text: String) -> String {
        let isURL = text.contains("://")
        guard !text.lowercased().contains("pass") else { return isURL ? withoutLogin(text) ?? hidden : hidden }
        return isURL ? withoutLogin(text) ?? hidden : text
    }

    /// The URL with `user:***@`; nil where it is not clear what belongs to the login.
    private static func withoutLogin(_ text: String) -> String? {
        guard let scheme = text.firstRange(of: "://"), !text[scheme.upperBound...].lowercased().contains("password=")
        else {
            return nil
        }
        let rest = text[scheme.upperBound...]
        guard let at = rest.lastIndex(of: "@") else { return text }
        let login = rest[..<at]
        guard !login.contains("/"), !login.contains("?") else { return nil }
        let user = login.prefix { $0 != ":" }
        let masked = login.contains(":") ? "\(user):***" : String(user)
        return String(text[..<scheme.upperBound]) + masked + String(rest[at...])
    }
}
