/// A time as people write it: `500ms`, `30s`, `2m`, `1h`.
struct DurationText: Sendable, Hashable {
    let duration: Duration

    /// Nil for anything else, and for more than a day.
    init?(_ text: some StringProtocol) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number <= 86_400_000 else { return nil }
        let duration: Duration
        switch text.dropFirst(digits.count) {
        case "ms": duration = .milliseconds(number)
        case "s": duration = .seconds(number)
        case "m": duration = .seconds(number * 60)
        case "h": duration = .seconds(number * 3_600)
        default: return nil
        }
        guard duration <= .seconds(86_400) else { return nil }
        self.duration = duration
    }
}
