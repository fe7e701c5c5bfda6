import Glibc

/// The clocks of one loop, read once for many uses.
struct LoopClock {
    /// Monotonic nanoseconds, for durations.
    static func nowNs() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// Unix milliseconds.
    static func wallMs() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }
}
