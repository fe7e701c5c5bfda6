import Foundation

/// One mistake in a config file. No part of it repeats a secret or a value that came from the environment.
public struct SettingsError: Sendable, Equatable, Codable {
    public var file: String
    /// From 1; 0 where the file as a whole is meant.
    public var line: Int
    public var column: Int
    /// The field, as `routes[2].timeouts.head`; empty where the file as a whole is meant.
    public var path: String
    /// What is wrong, in a few words.
    public var problem: String
    /// What stands there, as written in the file.
    public var found: String?
    /// What may stand there.
    public var expected: String?
    /// What to do about it.
    public var mend: String?

    /// Place and problem on one line, the rest indented below it.
    public var text: String {
        let place = line > 0 ? "\(file):\(line):\(column): " : "\(file): "
        var text = place + (path.isEmpty ? "" : "\(path): ") + problem
        if let found { text += "\n    found:    \(found)" }
        if let expected { text += "\n    expected: \(expected)" }
        if let mend { text += "\n    mend:     \(mend)" }
        return text
    }
}

/// Every mistake of a config file, in the order of its lines. Nothing of such a file is used.
public struct SettingsErrors: Error, Sendable, Equatable, CustomStringConvertible {
    public let errors: [SettingsError]

    init(_ errors: [SettingsError]) {
        let numbered = errors.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
        }
        self.errors = numbered.map(\.element)
    }

    /// For people.
    public var description: String {
        let count = errors.count == 1 ? "1 mistake" : "\(errors.count) mistakes"
        let file = errors.first?.file ?? "the configuration"
        return errors.map { $0.text + "\n" }.joined() + "\(count) in \(file); nothing of it is used.\n"
    }

    /// For machines: `{"errors":[{...}]}`, a line feed at the end.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(["errors": errors]) else { return "{\"errors\":[]}\n" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }
}
