import FoundationEssentials

/// RFC 3339 in and out.
enum Timestamp {
    /// UTC with milliseconds: `2026-01-02T03:04:05.678Z`.
    static func text(unixMicroseconds: Int64) -> String {
        // Whole seconds are exact in a Double; the formatter would cut a fraction that is not.
        let milliseconds = unixMicroseconds / 1_000
        let seconds = Date(timeIntervalSince1970: Double(milliseconds / 1_000)).formatted(.iso8601)
        let fraction = String(milliseconds % 1_000 + 1_000).dropFirst()
        return "\(seconds.dropLast()).\(fraction)Z"
    }

    /// Microseconds since 1970; nil for what is no RFC 3339 time with an offset.
    static func unixMicroseconds(_ text: String) -> Int64? {
        let styles = [
            Date.ISO8601FormatStyle(includingFractionalSeconds: true), Date.ISO8601FormatStyle(),
        ]
        for style in styles {
            if let date = try? style.parse(text) {
                let microseconds = (date.timeIntervalSince1970 * 1_000).rounded() * 1_000
                return Int64(exactly: microseconds)
            }
        }
        return nil
    }
}
