import Glibc
import Logging

/// The files of the demo's PostgreSQL.
struct PostgresCluster {
    /// Where the files really are.
    let path: String
    let user: ProcessUser?

    /// Finds the place for the files. Where the data folder lies in a part of the tree that the server's user may not
    /// enter (a checkout below /root), they go to /var/lib and the data folder holds a link.
    static func prepare(_ data: DataFolder, user: ProcessUser?, logger: Logger) throws -> PostgresCluster {
        let place = data.postgresFolder
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let linkLength = readlink(place, &target, target.count)
        if linkLength > 0 {
            let path = String(decoding: target[..<linkLength].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if FileText.exists(path) { return PostgresCluster(path: path, user: user) }
            unlink(place)
        }
        guard let user, !user.canReach(place), !FileText.exists(place) else {
            return PostgresCluster(path: place, user: user)
        }
        let base = "/var/lib/tollgate-dev"
        try DataFolder.make(base, mode: 0o755)
        let path = "\(base)/\(getpid())-\(time(nil))"
        guard symlink(path, place) == 0 else { throw FileText.failure("make the link", place) }
        logger.notice(
            "PostgreSQL's user may not enter this folder: its files are kept elsewhere",
            metadata: ["user": "\(user.name)", "path": "\(path)"])
        return PostgresCluster(path: path, user: user)
    }

    /// Makes the files, all or none: in a folder beside, which then gets the name.
    func initialise(log: String, logger: Logger) async throws {
        guard !FileText.exists("\(self.path)/PG_VERSION") else { return }
        logger.notice("Making a new PostgreSQL data folder", metadata: ["path": "\(self.path)"])
        let fresh = "\(self.path).new"
        DataFolder.removeTree(fresh)
        DataFolder.removeTree(self.path)
        try DataFolder.make(fresh, mode: 0o700)
        try DataFolder.give(fresh, to: self.user)
        var command = ChildCommand(
            "initdb", try ProgramPath.postgres("initdb"),
            [
                "-D", fresh, "-U", LocalPostgres.user, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                "--no-instructions",
            ], logPath: log)
        command.user = self.user
        try await ChildProcess.run(command)
        guard rename(fresh, self.path) == 0 else { throw FileText.failure("name", self.path) }
    }

    /// `postmaster.pid` of a server that still stops is waited for; that of a dead one is removed, because its number
    /// may belong to somebody else by now, which would keep PostgreSQL from starting.
    func waitForPredecessor(logger: Logger) async throws {
        let pidFile = "\(self.path)/postmaster.pid"
        guard let first = FileText.read(pidFile)?.split(separator: "\n").first, let pid = Int32(first) else { return }
        try await Predecessor.waitForEnd(of: pid, named: "postgres", logger: logger)
        if FileText.exists(pidFile) {
            logger.notice("Removing the lock file of a PostgreSQL that is gone", metadata: ["path": "\(pidFile)"])
            unlink(pidFile)
        }
    }
}
