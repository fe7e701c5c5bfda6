import Glibc

/// Where the gateways of one machine keep their journals.
public struct JournalFolder: Sendable, Equatable {
    public let path: String

    static let suffix = ".usage"
    static let outcomeSuffix = ".outcomes"

    public init(_ path: String) {
        self.path = path
    }

    /// Makes the folder and those above it, unless they are there.
    public func prepare() throws(JournalError) {
        var prefix = ""
        for part in self.path.split(separator: "/", omittingEmptySubsequences: false) {
            prefix += prefix.isEmpty && part.isEmpty ? "/" : (prefix.isEmpty || prefix == "/" ? "" : "/") + part
            guard !prefix.isEmpty, prefix != "/" else { continue }
            if mkdir(prefix, 0o700) != 0, errno != EEXIST {
                let reason = String(cString: strerror(errno))
                var status = stat()
                // A folder above may be another's, on a file system that can only be read.
                if stat(prefix, &status) == 0 { continue }
                throw JournalError(
                    self.path, "the folder cannot be made: \(reason); set journal.folder to one that can be written")
            }
        }
    }

    /// The path of the folder that a path is in.
    static func holding(_ path: String) -> String {
        var folder = path[...]
        while folder.count > 1, folder.last == "/" { folder.removeLast() }
        guard let slash = folder.lastIndex(of: "/") else { return "." }
        folder = folder[..<slash]
        while folder.last == "/" { folder.removeLast() }
        return folder.isEmpty ? "/" : String(folder)
    }

    /// Paths of all journals of usage, whoever owns them.
    public func journals() -> [String] { self.files(Self.suffix) }

    /// Paths of all files of durable keys' outcomes, whoever owns them.
    public func outcomes() -> [String] { self.files(Self.outcomeSuffix) }

    /// Removes drafts of the dead on its way.
    private func files(_ suffix: String) -> [String] {
        guard let folder = opendir(self.path) else { return [] }
        defer { closedir(folder) }
        var paths: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let path = "\(self.path)/\(name)"
            if name.hasSuffix(suffix) { paths.append(path) }
            if name.hasSuffix(JournalDraft.suffix) { JournalDraft.removeIfDead(path) }
        }
        return paths.sorted()
    }
}
