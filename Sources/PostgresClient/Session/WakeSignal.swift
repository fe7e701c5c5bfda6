import Glibc

/// Wakes a thread that sleeps in `poll`: a pipe to oneself. A raise before the sleep is not lost.
final class WakeSignal: Sendable {
    /// Readable while a raise is pending.
    let descriptor: Int32
    private let writeEnd: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        // Without descriptors left both ends stay -1, which `poll` ignores: sleepers then wake by their deadlines.
        if pipe(&ends) != 0 { ends = [-1, -1] }
        for end in ends where end >= 0 {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        self.descriptor = ends[0]
        self.writeEnd = ends[1]
    }

    deinit {
        if self.descriptor >= 0 { close(self.descriptor) }
        if self.writeEnd >= 0 { close(self.writeEnd) }
    }

    /// May be called from anywhere; never blocks (a full pipe is as good as a raise).
    func raise() {
        var one: UInt8 = 1
        _ = write(self.writeEnd, &one, 1)
    }

    /// Takes all pending raises away.
    func clear() {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { bytes in
            while read(self.descriptor, bytes.baseAddress, bytes.count) == bytes.count {}
        }
    }
}
