import Foundation
import HTTPWire

/// One kept message; see Corpus/README.md.
struct CorpusFile: Sendable, CustomStringConvertible {
    let name: String
    let isRequest: Bool
    let bytes: [UInt8]
    var description: String { (self.isRequest ? "requests/" : "responses/") + self.name }

    var side: ConnectionReader.Side { self.isRequest ? .requests : .responses(.get) }
    /// The error that its name asks for; nil for a message that must be read.
    var error: WireError? { self.name.hasPrefix("ok-") ? nil : WireError(rawValue: self.name) }

    /// All of them, in the order of their names.
    static let all = load("requests", isRequest: true) + load("responses", isRequest: false)

    private static func load(_ folder: String, isRequest: Bool) -> [CorpusFile] {
        guard let root = Bundle.module.url(forResource: "Corpus", withExtension: nil),
            let urls = try? FileManager.default.contentsOfDirectory(
                at: root.appendingPathComponent(folder), includingPropertiesForKeys: nil)
        else { return [] }
        return urls.filter { $0.pathExtension == "http" }.sorted { $0.path < $1.path }.compactMap { url in
            guard let data = try? Data(contentsOf: url) else { return nil }
            return CorpusFile(
                name: url.deletingPathExtension().lastPathComponent, isRequest: isRequest, bytes: Array(data))
        }
    }
}
