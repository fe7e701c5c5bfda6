import FoundationEssentials

/// RFC 3339 in and out.
enum Timestamp {
    /// UTC with milliseconds: `2026-01-02T03:04:05.678Z`.
    static func text(unixMicroseconds: Int64) -> String {
        // Whole milliseconds first: the formatter rounds halves of a Double its own way.
        let date = Date(timeIntervalSince1970: Double(unixMicroseconds / 1_000) / 1_000)
        return date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
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
