import Glibc

/// A file that is being made: it has another name until it is whole, and is locked before anything is written, so that
/// what a dead process has left is told from what a living one is at work on.
struct JournalDraft {
    let path: String
    let draftPath: String
    let descriptor: CInt

    static let suffix = ".new"
    private static let attemptsMax = 16

    /// Makes and locks the draft of the file `path`.
    init(of path: String) throws(JournalError) {
        for attempt in 0..<Self.attemptsMax {
            // A name of its own for each attempt: whoever is about to remove the last one's must not meet this one.
            let draft = "\(path).\(attempt)\(Self.suffix)"
            // Not handed to children: a child would keep the lock of a parent that is dead.
            let descriptor = open(draft, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw JournalError(draft, "cannot be made: \(Self.errorText(errno))") }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno == EWOULDBLOCK else {
                let error = JournalError(draft, "cannot be locked: \(Self.errorText(errno))")
                unlink(draft)
                Glibc.close(descriptor)
                throw error
            }
            // Locked by us, and still there: from now on nobody removes it.
            var status = stat()
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &status) == 0, status.st_nlink > 0 {
                (self.path, self.draftPath, self.descriptor) = (path, draft, descriptor)
                return
            }
            // Between its making and its lock somebody took it for a dead process's, and removes it.
            Glibc.close(descriptor)
        }
        throw JournalError(path, "cannot be locked: its drafts are removed by somebody else")
    }

    /// Gives the file its name; whoever holds the descriptor holds the lock.
    func publish() throws(JournalError) {
        guard rename(self.draftPath, self.path) == 0 else {
            throw JournalError(self.path, "cannot get its name: \(Self.errorText(errno))")
        }
    }

    /// It is not to be: closed, removed, and unlocked.
    func discard() {
        unlink(self.draftPath)
        Glibc.close(self.descriptor)
    }

    /// Removes a draft unless its maker lives.
    static func removeIfDead(_ path: String) {
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { Glibc.close(descriptor) }
        var status = stat()
        // One that has lost its name is somebody's file by now, or was removed by another.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
            return
        }
        unlink(path)
    }

    static func errorText(_ code: CInt) -> String { String(cString: strerror(code)) }
}
