import Foundation

/// Files of the repository that tests compare with.
enum Files {
    static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    static let repository = tests.deletingLastPathComponent().deletingLastPathComponent()
    static let mistakes = tests.appending(path: "Golden/mistakes")

    /// Whether golden files are written anew instead of compared.
    static let isUpdating = ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1"

    static func read(_ path: String) throws -> String {
        try String(contentsOf: repository.appending(path: path), encoding: .utf8)
    }

    /// What the file holds; with UPDATE_GOLDEN=1 it is written first.
    static func golden(_ url: URL, _ rendered: String) throws -> String {
        if isUpdating { try rendered.write(to: url, atomically: true, encoding: .utf8) }
        return try String(contentsOf: url, encoding: .utf8)
    }
}
