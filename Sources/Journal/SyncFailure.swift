import Glibc

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

    /// Writes to the disk which files a folder has, and waits for it: a file that its folder does not know is lost with the
    /// machine, however often the file itself was written. nil when the disk has it.
    static func syncNames(of folder: String) -> SyncFailure? {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            // One that may be written to but not read cannot be asked.
            return errno == EACCES ? nil : SyncFailure(code: errno)
        }
        defer { Glibc.close(descriptor) }
        while fsync(descriptor) != 0 {
            let code = errno
            // What a file system says that has no such order: its names are where they are.
            if code == EINVAL { return nil }
            if code != EINTR { return SyncFailure(code: code) }
        }
        return nil
    }
}
