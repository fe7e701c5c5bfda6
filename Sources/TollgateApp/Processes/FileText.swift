import Glibc

/// Small files, whole.
enum FileText {
    /// The text of a file; nil when it cannot be read.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Replaces a file in one step, with these permissions from its first byte on.
    ///
    /// - Throws: `CommandFailure`.
    static func write(_ text: String, to path: String, mode: mode_t) throws {
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Self.failure("write", temporary) }
        fchmod(descriptor, mode)
        do {
            try Self.fill(descriptor, text, of: temporary)
            guard rename(temporary, path) == 0 else { throw Self.failure("replace", path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Writes, brings to the disk and closes.
    private static func fill(_ descriptor: CInt, _ text: String, of path: String) throws {
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("write", path) }
            rest = rest.dropFirst(count)
        }
        // The name goes to what the disk has, or stays with what was there before.
        guard fsync(descriptor) == 0 else { throw Self.failure("write", path) }
    }

    /// The last lines of a file, for an error message.
    static func tail(_ path: String, lines: Int) -> String {
        let all = (Self.read(path) ?? "").split(separator: "\n", omittingEmptySubsequences: true)
        return all.suffix(lines).map { "  \($0)" }.joined(separator: "\n")
    }

    /// The names in a folder; none when it cannot be read.
    static func entries(of folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func failure(_ verb: String, _ path: String) -> CommandFailure {
        CommandFailure("Cannot \(verb) \(path): \(String(cString: strerror(errno))).")
    }
}
