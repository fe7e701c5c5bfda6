import Glibc

/// Where `tollgate dev` keeps what must survive it, and where its servers' sockets are while it runs.
struct DataFolder: Sendable {
    /// Absolute path of `.data`.
    let path: String

    var lockPath: String { "\(self.path)/dev.lock" }
    var environmentPath: String { "\(self.path)/demo.env" }
    var redisFolder: String { "\(self.path)/redis" }
    var postgresFolder: String { "\(self.path)/postgres" }
    var journalFolder: String { "\(self.path)/journal" }
    var logFolder: String { "\(self.path)/log" }
    var runFolder: String { "\(self.path)/run" }

    /// Makes the folder if it is missing.
    ///
    /// - Throws: `CommandFailure`.
    init(_ path: String) throws {
        try Self.make(path, mode: 0o755)
        guard let absolute = realpath(path, nil) else { throw FileText.failure("find", path) }
        defer { free(absolute) }
        self.path = String(cString: absolute)
        try Self.make(self.logFolder, mode: 0o755)
    }

    func log(_ name: String) -> String { "\(self.logFolder)/\(name).log" }

    /// A new folder for the servers' sockets: below the data folder, or in /tmp where that path is too long for a
    /// socket (108 bytes, `.s.PGSQL.5432` included) or closed to the user that PostgreSQL runs as.
    func makeSocketFolder(for user: ProcessUser?) throws -> String {
        Self.removeTree(self.runFolder)
        // "/redis.sock" and "/.s.PGSQL.5432.lock" must fit after it.
        let fits = self.runFolder.utf8.count <= 80
        let isOpen = user?.canReach(self.runFolder) ?? true
        guard fits, isOpen else { return try Self.makeTemporaryFolder(owner: user) }
        try Self.make(self.runFolder, mode: 0o700)
        try Self.give(self.runFolder, to: user)
        return self.runFolder
    }

    private static func makeTemporaryFolder(owner: ProcessUser?) throws -> String {
        var template = Array("/tmp/tollgate-dev-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileText.failure("make a folder in", "/tmp") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try Self.give(path, to: owner)
        return path
    }

    /// Makes one folder; fine if it exists.
    static func make(_ path: String, mode: mode_t) throws {
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw FileText.failure("make the folder", path) }
    }

    /// Hands a folder or file over.
    static func give(_ path: String, to user: ProcessUser?) throws {
        guard let user else { return }
        guard lchown(path, user.uid, user.gid) == 0 else { throw FileText.failure("change the owner of", path) }
    }

    /// Removes a folder of plain files and sockets, without following links.
    static func removeTree(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in FileText.entries(of: path) { Self.removeTree("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
