import Glibc
import PostgresClient

/// Points in time on the command line and in its answers: RFC 3339 in UTC, whole seconds.
enum InstantText {
    /// `2026-01-31T12:00:00Z`
    static func full(_ instant: PostgresInstant) -> String {
        let parts = Self.parts(instant)
        return "\(Self.date(parts))T\(Self.two(parts.tm_hour)):\(Self.two(parts.tm_min)):\(Self.two(parts.tm_sec))Z"
    }

    /// `2026-01-31T12:00Z`, `2026-01-31` or `2026-01`: as much as a sum of this length needs.
    static func start(_ instant: PostgresInstant, ofHour: Bool, ofDay: Bool) -> String {
        let parts = Self.parts(instant)
        if ofHour { return "\(Self.date(parts))T\(Self.two(parts.tm_hour)):00Z" }
        return ofDay ? Self.date(parts) : String(Self.date(parts).dropLast(3))
    }

    /// Reads `2026-01`, `2026-01-31`, `2026-01-31T12` and longer forms up to seconds, with or without a `Z`; all UTC.
    static func parse(_ text: String) -> PostgresInstant? {
        var rest = text[...]
        if rest.hasSuffix("Z") { rest = rest.dropLast() }
        let numbers = rest.split(whereSeparator: { "-T:".contains($0) }).map { Int32($0) }
        guard (2...6).contains(numbers.count), !numbers.contains(nil) else { return nil }
        let values = numbers.compactMap(\.self) + [1, 0, 0, 0].suffix(6 - numbers.count)
        var parts = tm()
        parts.tm_year = values[0] - 1900
        parts.tm_mon = values[1] - 1
        parts.tm_mday = values[2]
        parts.tm_hour = values[3]
        parts.tm_min = values[4]
        parts.tm_sec = values[5]
        let wanted = (parts.tm_mon, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec)
        let seconds = timegm(&parts)
        // timegm turns 31 February into March; a date that does not exist is no date.
        guard (parts.tm_mon, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec) == wanted else { return nil }
        return PostgresInstant(unixSeconds: Int64(seconds))
    }

    /// Start of the current month.
    static func startOfMonth() -> PostgresInstant {
        var parts = Self.parts(.now)
        parts.tm_mday = 1
        parts.tm_hour = 0
        parts.tm_min = 0
        parts.tm_sec = 0
        return PostgresInstant(unixSeconds: Int64(timegm(&parts)))
    }

    private static func parts(_ instant: PostgresInstant) -> tm {
        var seconds = time_t(instant.unixMicroseconds / 1_000_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return parts
    }

    private static func date(_ parts: tm) -> String {
        "\(parts.tm_year + 1900)-\(Self.two(parts.tm_mon + 1))-\(Self.two(parts.tm_mday))"
    }

    private static func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
