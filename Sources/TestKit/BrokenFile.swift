import Glibc

/// An open file of this process whose disk takes nothing any more: its descriptor is one of `/dev/full` from now on. The
/// kernel refuses to write (ENOSPC) and to sync (EINVAL). The file's lock is held until this goes.
public final class BrokenFile {
    private let lock: CInt

    /// - Parameter path: of a file that one descriptor of this process is open to.
    public init(_ path: String) throws {
        guard let descriptor = Self.descriptor(of: path) else { throw NoSuchFile(path: path) }
        self.lock = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        let full = open("/dev/full", O_RDWR | O_CLOEXEC)
        guard self.lock >= 0, full >= 0, dup2(full, descriptor) == descriptor,
            fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        else {
            throw NoSuchFile(path: "/dev/full")
        }
        close(full)
    }

    deinit { close(self.lock) }

    private static func descriptor(of path: String) -> CInt? {
        var target = [CChar](repeating: 0, count: 4_096)
        return (CInt(3)..<4_096).first { descriptor in
            let length = readlink("/proc/self/fd/\(descriptor)", &target, target.count)
            return length > 0 && target[..<length].elementsEqual(path.utf8.lazy.map { CChar(bitPattern: $0) })
        }
    }

    public struct NoSuchFile: Error {
        public let path: String
    }
}
