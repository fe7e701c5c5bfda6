import Glibc

/// The present moment, as log lines show it.
enum LogTime {
    /// RFC 3339 with milliseconds, in UTC.
    static func utc() -> String {
        let now = Self.now()
        var seconds = now.seconds
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let date = "\(parts.tm_year + 1900)-\(Self.two(parts.tm_mon + 1))-\(Self.two(parts.tm_mday))"
        return "\(date)T\(Self.clock(parts)).\(Self.three(now.nanoseconds / 1_000_000))Z"
    }

    /// The time of day where the reader is, with milliseconds.
    static func local() -> String {
        let now = Self.now()
        var seconds = now.seconds
        var parts = tm()
        localtime_r(&seconds, &parts)
        return "\(Self.clock(parts)).\(Self.three(now.nanoseconds / 1_000_000))"
    }

    private static func now() -> (seconds: time_t, nanoseconds: Int) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return (now.tv_sec, now.tv_nsec)
    }

    private static func clock(_ parts: tm) -> String {
        "\(Self.two(parts.tm_hour)):\(Self.two(parts.tm_min)):\(Self.two(parts.tm_sec))"
    }

    private static func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private static func three(_ value: Int) -> String {
        value < 10 ? "00\(value)" : value < 100 ? "0\(value)" : "\(value)"
    }
}
