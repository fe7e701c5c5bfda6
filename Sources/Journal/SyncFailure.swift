import Glibc
import Synchronization

/// The disk did not take what a file holds. What was written since the last time that it did may be on the disk or not, and
/// asking again proves nothing: the kernel tells of a failure once or twice, and may have let go of the pages.
public struct SyncFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kernel's number of it.
    public let code: CInt

    public var description: String { String(cString: strerror(self.code)) }

    /// Writes the data of an open file to the disk, and waits for it. nil when the disk has it.
    static func sync(_ descriptor: CInt) -> SyncFailure? {
        while fdatasync(descriptor) != 0 {
            let code = errno
            if code != EINTR { return SyncFailure(code: code) }
        }
        return nil
    }

    /// The same with the file's name, the first time: a file that its folder does not know is lost with the machine, however
    /// often the file itself was written. So is a folder that the one above does not know.
    static func sync(_ descriptor: CInt, _ path: String, isNamed: borrowing Atomic<Bool>) -> SyncFailure? {
        if let failure = Self.sync(descriptor) { return failure }
        guard !isNamed.load(ordering: .relaxed) else { return nil }
        let folder = JournalFolder.holding(path)
        if let failure = Self.syncNames(of: folder) ?? Self.syncNames(of: JournalFolder.holding(folder)) {
            return failure
        }
        isNamed.store(true, ordering: .relaxed)
        return nil
    }

    /// Writes to the disk what a folder holds by which name. nil when the disk has it.
    static func syncNames(of folder: String) -> SyncFailure? {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            // One that may not be read cannot be asked.
            return errno == EACCES ? nil : SyncFailure(code: errno)
        }
        defer { Glibc.close(descriptor) }
        while fsync(descriptor) != 0 {
            let code = errno
            // A file system that has no such order has its names where they are; one that can only be read has no new ones.
            if code == EINVAL || code == EROFS { return nil }
            if code != EINTR { return SyncFailure(code: code) }
        }
        return nil
    }
}
