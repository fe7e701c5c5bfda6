/// Durations: a whole number and a unit, kept in milliseconds.
enum DurationText {
    static let units: [(name: String, ms: Int)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    static func parse(_ text: String) -> Int? {
        if text == "0" { return 0 }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), let unit = units.first(where: { $0.name == text.dropFirst(digits.count) })
        else {
            return nil
        }
        let (ms, overflow) = number.multipliedReportingOverflow(by: unit.ms)
        return overflow ? nil : ms
    }

    static func write(_ ms: Int) -> String {
        guard ms > 0, let unit = units.first(where: { ms % $0.ms == 0 }) else { return "\(ms)" }
        return "\(ms / unit.ms)\(unit.name)"
    }

    /// What somebody meant who wrote `10 seconds`, `5min` or a bare number.
    static func guess(_ text: String) -> String? {
        let compact = text.lowercased().filter { $0 != " " && $0 != "_" }
        let digits = compact.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let unit = compact.dropFirst(digits.count)
        switch unit {
        case "": return "\(number)ms if milliseconds are meant, \(number)s if seconds are"
        case "sec", "secs", "second", "seconds", "s": return "\(number)s"
        case "min", "mins", "minute", "minutes", "m": return "\(number)m"
        case "hr", "hrs", "hour", "hours", "h": return "\(number)h"
        case "day", "days", "d": return "\(number)d"
        case "millis", "msec", "milliseconds", "ms": return "\(number)ms"
        default: return nil
        }
    }
}

/// Sizes: a whole number of bytes, or of a unit of them.
enum SizeText {
    static let units: [(name: String, bytes: Int)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("kB", 1_000), ("B", 1), ("", 1),
    ]

    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), let unit = units.first(where: { $0.name == text.dropFirst(digits.count) })
        else {
            return nil
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }

    /// What somebody meant who wrote `32kib`, `1 MiB` or `64k`.
    static func guess(_ text: String) -> String? {
        let compact = text.lowercased().filter { $0 != " " && $0 != "_" }
        let digits = compact.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        switch compact.dropFirst(digits.count) {
        case "k", "ki", "kib": return "\(number)KiB"
        case "m", "mi", "mib": return "\(number)MiB"
        case "g", "gi", "gib": return "\(number)GiB"
        case "t", "ti", "tib": return "\(number)TiB"
        case "b", "byte", "bytes": return "\(number)B"
        default: return nil
        }
    }

    static func write(_ bytes: Int) -> String {
        guard bytes > 0, let unit = units.prefix(4).first(where: { bytes % $0.bytes == 0 }) else { return "\(bytes)" }
        return "\(bytes / unit.bytes)\(unit.name)"
    }
}

/// How fast a bucket fills: `100 per 60s`, `100/min`, `10/s`, `1000/day`.
struct Rate: Equatable {
    var tokens: Int
    var periodMs: Int

    private static let words: [String: Int] = [
        "s": 1_000, "sec": 1_000, "second": 1_000, "min": 60_000, "minute": 60_000, "m": 60_000, "h": 3_600_000,
        "hour": 3_600_000, "d": 86_400_000, "day": 86_400_000,
    ]

    init(tokens: Int, periodMs: Int) {
        self.tokens = tokens
        self.periodMs = periodMs
    }

    init?(_ text: String) {
        let parts = text.replacing(" per ", with: "/").split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.filter { $0 != " " } }
        guard parts.count == 2, let tokens = Int(parts[0]), parts[0].allSatisfy(\.isNumber) else { return nil }
        guard let period = Self.words[parts[1]] ?? DurationText.parse(parts[1]) else { return nil }
        self.init(tokens: tokens, periodMs: period)
    }

    var text: String {
        let seconds = periodMs % 1_000 == 0 && periodMs < 3_600_000
        return "\(tokens) per \(seconds ? "\(periodMs / 1_000)s" : DurationText.write(periodMs))"
    }
}
