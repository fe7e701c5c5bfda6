import Glibc
import Synchronization

/// A folder of its own under the temporary directory, with a path short enough for unix sockets. Removed by `remove`, or
/// when the process exits.
public final class TestFolder: Sendable {
    public let path: String

    /// Makes `PREFIX-XXXXXX`.
    public init(prefix: String) throws {
        let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        // A socket's path has 107 bytes at most.
        let base = temporary.utf8.count < 60 ? temporary : "/tmp"
        var template = Array("\(base)/\(prefix)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TestProcess.StartError("cannot make a folder in \(base): \(String(cString: strerror(errno)))")
        }
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = self.path
        AtExit.add { Self.removeTree(path) }
    }

    public func remove() {
        Self.removeTree(self.path)
    }

    /// The whole text of a file; nil when it cannot be read.
    public static func readFile(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var (bytes, chunk): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 4_096))
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A symbolic link is removed, not followed.
    private static func removeTree(_ path: String) {
        guard unlink(path) != 0, let folder = opendir(path) else { return }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        closedir(folder)
        for name in names { Self.removeTree("\(path)/\(name)") }
        rmdir(path)
    }
}
