import Glibc

/// A user of this machine that a child can run as.
struct ProcessUser: Sendable, Equatable {
    let name: String
    let uid: UInt32
    let gid: UInt32

    static var isRoot: Bool { geteuid() == 0 }

    /// Looks a user up by name.
    static func named(_ name: String) -> ProcessUser? {
        guard let entry = getpwnam(name) else { return nil }
        return ProcessUser(name: name, uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
    }

    /// Whom PostgreSQL runs as when we are root, which it refuses to be: its own user, or anyone without rights.
    static func forPostgres() throws -> ProcessUser? {
        guard Self.isRoot else { return nil }
        if let user = Self.named("postgres") ?? Self.named("nobody") { return user }
        throw CommandFailure(
            "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor `nobody`.",
            hint: "Run as an ordinary user, or make one: useradd --system postgres")
    }

    /// Whether this user may pass through every folder above `path`, which itself need not exist.
    func canReach(_ path: String) -> Bool {
        var folder = "/"
        for part in path.split(separator: "/") {
            var status = stat()
            guard stat(folder, &status) == 0 else { return false }
            let bit: UInt32 =
                status.st_uid == self.uid ? S_IXUSR : status.st_gid == self.gid ? S_IXGRP : S_IXOTH
            guard status.st_mode & bit != 0 else { return false }
            folder += folder == "/" ? "\(part)" : "/\(part)"
        }
        return true
    }
}
