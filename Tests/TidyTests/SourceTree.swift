import Foundation

/// The repository's files, found from where this file lies.
enum SourceTree {
    struct File: Sendable {
        /// Relative to the repository's root.
        let path: String
        let text: String

        var lines: [Substring] { self.text.split(separator: "\n", omittingEmptySubsequences: false) }
    }

    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift file of the package's own targets and tests.
    static let swift: [File] = Self.files(under: ["Sources", "Tests", "lua"], ending: ".swift")

    /// Every Lua script.
    static let lua: [File] = Self.files(under: ["lua"], ending: ".lua")

    /// Files of these target folders below Sources.
    static func targets(_ names: String...) -> [File] {
        Self.swift.filter { file in names.contains { file.path.hasPrefix("Sources/\($0)/") } }
    }

    static func files(under folders: [String], ending suffix: String) -> [File] {
        folders.flatMap { folder -> [File] in
            let base = Self.root.appending(path: folder)
            let paths = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
            return paths.filter { $0.hasSuffix(suffix) }.sorted().compactMap { path in
                guard let text = try? String(contentsOf: base.appending(path: path), encoding: .utf8) else {
                    return nil
                }
                return File(path: "\(folder)/\(path)", text: text)
            }
        }
    }
}
