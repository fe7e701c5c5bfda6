import Glibc

/// One `tollgate dev` to a data folder. The lock is the kernel's and goes with the process, so that a file left by one
/// that was killed is in nobody's way; the number in it is for people.
struct DevLock: ~Copyable {
    private let descriptor: Int32
    private let path: String
    /// The process that left the file behind without unlocking it in order, if one did.
    let leftBehind: Int32?

    /// - Throws: `CommandFailure` that names the process which holds the lock.
    init(_ folder: DataFolder) throws {
        let path = folder.lockPath
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileText.failure("open", path) }
        let before = Int32((FileText.read(path) ?? "").filter(\.isNumber))
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw CommandFailure(
                "tollgate dev is running here already\(before.map { " (PID \($0))" } ?? ""): it holds \(path).",
                hint: before.map { "Stop it with Ctrl-C where it runs, or with: kill \($0)" })
        }
        let text = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        pwrite(descriptor, text, text.count, 0)
        self.descriptor = descriptor
        self.path = path
        self.leftBehind = before
    }

    /// Gives the folder free.
    consuming func release() {
        ftruncate(self.descriptor, 0)
        // Closing alone would leave it locked for as long as a child that is just being started still has a copy.
        flock(self.descriptor, LOCK_UN)
        close(self.descriptor)
    }
}
