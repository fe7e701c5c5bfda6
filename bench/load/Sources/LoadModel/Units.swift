/// Durations and rates as people write them.
public enum Units {
    /// `250us`, `500ms`, `10s`, `2m`, `1h`; nil for anything else.
    public static func nanoseconds(_ text: String) -> UInt64? {
        let units: [(String, Double)] = [
            ("us", 1e3), ("ms", 1e6), ("ns", 1), ("s", 1e9), ("m", 60e9), ("h", 3600e9), ("d", 86400e9),
        ]
        for (unit, factor) in units where text.hasSuffix(unit) {
            guard let value = Double(text.dropLast(unit.count)), value >= 0, value * factor < 1e18 else { continue }
            return UInt64(value * factor)
        }
        return nil
    }

    /// `100 per 60s` as a number a second.
    public static func rate(_ text: String) -> Double? {
        let words = text.split(separator: " ")
        guard words.count == 3, words[1] == "per", let count = Double(words[0]), count >= 0,
            let period = nanoseconds(String(words[2])), period > 0
        else { return nil }
        return count / (Double(period) / 1e9)
    }

    /// Nanoseconds in the unit that reads best.
    public static func text(ns: UInt64) -> String {
        let value = Double(ns)
        if value < 1e3 { return "\(ns) ns" }
        if value < 1e6 { return fixed(value / 1e3, value < 1e5 ? 1 : 0) + " µs" }
        if value < 1e9 { return fixed(value / 1e6, value < 1e8 ? 2 : 0) + " ms" }
        return fixed(value / 1e9, 2) + " s"
    }

    /// A number with so many decimals.
    public static func fixed(_ value: Double, _ decimals: Int) -> String {
        guard value.isFinite else { return "–" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let digits = String(UInt64(scaled))
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        let sign = value < 0 && scaled > 0 ? "-" : ""
        return decimals == 0 ? sign + padded : sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
    }
}
