import Yams

/// A value in the file: what stands there, and the field it stands for.
struct Item {
    let node: Node
    let path: String

    func child(_ name: String, _ node: Node) -> Item { Item(node: node, path: path.isEmpty ? name : "\(path).\(name)") }
    func element(_ index: Int, _ node: Node) -> Item { Item(node: node, path: "\(path)[\(index)]") }
}

/// What is wrong with a value. `detail` and `mend` may repeat parts of it; they are left out where it came from the
/// environment, unless `repeatsValue` says that they do not.
struct Complaint: Error {
    /// Never repeats the value.
    var problem: String
    var detail: String?
    var expected: String?
    var mend: String?
    var repeatsValue = true

    init(_ problem: String, detail: String? = nil, expected: String? = nil, mend: String? = nil) {
        self.problem = problem
        self.detail = detail
        self.expected = expected
        self.mend = mend
    }

    /// The same about a value that must not be shown.
    func discreet() -> Complaint {
        var complaint = self
        if repeatsValue { (complaint.detail, complaint.mend) = (nil, nil) }
        return complaint
    }
}

/// Walks one file. It gathers mistakes instead of stopping at the first, and remembers where each field stood, so that
/// later checks between fields can name lines too.
final class SettingsReader {
    /// Where a field stands and how it may be shown.
    struct Place {
        var line: Int
        var column: Int
        var display: String
    }

    let file: String
    private let environment: [String: String]
    private(set) var errors: [SettingsError] = []
    private(set) var places: [String: Place] = [:]
    private var secretDepth = 0

    init(file: String, environment: [String: String]) {
        self.file = file
        self.environment = environment
    }

    /// Remembers where a field stands; called once for every value that is read.
    func visit(_ item: Item) {
        let mark = item.node.mark
        places[item.path] = Place(line: mark?.line ?? 0, column: mark?.column ?? 0, display: display(item.node))
    }

    /// Reads with every value below kept out of errors.
    func secretly(_ body: () -> Void) {
        secretDepth += 1
        body()
        secretDepth -= 1
    }

    /// The scalar's text with the environment put in; nil, and an error, if it is no scalar or a variable is missing.
    func text(_ item: Item, expected: String) -> (text: String, usesEnvironment: Bool)? {
        guard case .scalar(let scalar) = item.node else {
            report(item.path, Complaint("wrong kind of value", expected: expected))
            return nil
        }
        do throws(Substitution.Failure) {
            return try Substitution.apply(scalar.string, environment: environment)
        } catch {
            report(item.path, Self.complaint(error))
            return nil
        }
    }

    /// Whether nothing stands there: an empty plain scalar, `~` or `null`.
    func isNull(_ node: Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }

    /// Adds a mistake at a field, or at the nearest field around it that is in the file.
    func report(_ path: String, _ complaint: Complaint, showsFound: Bool = true) {
        var known = path
        while places[known] == nil, let cut = known.lastIndex(where: { $0 == "." || $0 == "[" }) {
            known = String(known[..<cut])
        }
        let place = places[known] ?? places[""]
        let found = showsFound && known == path ? place?.display : nil
        append(complaint, path: path, line: place?.line ?? 0, column: place?.column ?? 0, found: found)
    }

    /// Adds a mistake at a place that is no field's.
    func report(_ path: String, _ complaint: Complaint, line: Int, column: Int, found: String? = nil) {
        append(complaint, path: path, line: line, column: column, found: found)
    }

    /// Says how to mend what has been found from `count` on in a field or the entries of its list and does not say it.
    func completeMends(from count: Int, at path: String, defaultText: String?) {
        for index in errors.indices.dropFirst(count) where errors[index].mend == nil {
            if errors[index].path == path {
                errors[index].mend =
                    defaultText.map { "correct it, or leave the field out to have its default, \($0)" }
                    ?? "correct it; the field has no default"
            } else if errors[index].path.hasPrefix("\(path)["), errors[index].path.last == "]" {
                errors[index].mend = "correct the entry, or remove it"
            }
        }
    }

    /// Whether a mistake was found in the field or in anything below it.
    func hasError(at path: String) -> Bool {
        errors.contains { error in
            error.path == path || error.path.hasPrefix(path + ".") || error.path.hasPrefix(path + "[")
        }
    }

    /// How the field's value is shown to people: as written, never what the environment put in.
    func display(at path: String) -> String { places[path]?.display ?? "nothing" }

    private func append(_ complaint: Complaint, path: String, line: Int, column: Int, found: String?) {
        errors.append(
            SettingsError(
                file: file, line: line, column: column, path: path,
                problem: complaint.problem + (complaint.detail.map { ": \($0)" } ?? ""), found: found,
                expected: complaint.expected, mend: complaint.mend))
    }

    private func display(_ node: Node) -> String {
        switch node {
        case .mapping: return "a mapping"
        case .sequence(let sequence): return sequence.isEmpty ? "an empty list" : "a list"
        case .alias: return "an alias"
        case .scalar(let scalar):
            if isNull(node) { return "nothing" }
            if secretDepth > 0 { return "a value that is not shown" }
            let shown = scalar.string.count > 60 ? scalar.string.prefix(57) + "..." : scalar.string[...]
            let isFromEnvironment = scalar.string.contains("${")
            return "'\(shown)'" + (isFromEnvironment ? " (its value is not shown)" : "")
        }
    }

    private static func complaint(_ failure: Substitution.Failure) -> Complaint {
        switch failure {
        case .missing(let name):
            Complaint(
                "the environment has no variable \(name)", expected: "\(name) to be set",
                mend: "set it, or give a default: ${\(name):-default}")
        case .unclosed:
            Complaint("'${' without '}'", expected: "${NAME} or ${NAME:-default}", mend: "write $$ for a dollar sign")
        case .badName:
            Complaint(
                "not a variable that can be put in", expected: "${NAME} or ${NAME:-default}",
                mend: "use letters, digits and '_' for the name; write $$ for a dollar sign")
        }
    }
}
