import Glibc

/// Sleeping until a socket can be used, somebody raises a signal, or time is up.
enum Readiness {
    case socket
    case woken
    case overdue

    /// - Parameters:
    ///   - socket: the descriptor, or -1 to wait for the signal alone.
    ///   - writing: wait for room to write as well as for bytes to read.
    ///   - deadline: nil waits without end.
    static func wait(
        socket: Int32, writing: Bool = false, reading: Bool = true, signal: WakeSignal,
        until deadline: ContinuousClock.Instant?
    ) -> Readiness {
        let events = (reading ? POLLIN : 0) | (writing ? POLLOUT : 0)
        while true {
            var descriptors = [
                pollfd(fd: signal.descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: socket, events: Int16(events), revents: 0),
            ]
            let count = poll(&descriptors, 2, milliseconds(until: deadline))
            if count > 0 {
                guard descriptors[0].revents != 0 else { return .socket }
                signal.clear()
                return .woken
            }
            if let deadline, deadline <= .now { return .overdue }
        }
    }

    /// What `poll` takes: rounded up, so that it never spins in the last millisecond.
    private static func milliseconds(until deadline: ContinuousClock.Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: deadline).components
        guard seconds < 86_400 else { return 86_400_000 }
        return max(0, Int32(seconds) * 1000 + Int32(attoseconds / 1_000_000_000_000_000) + 1)
    }
}
