import ArgumentParser

/// A length of time on the command line: `90s`, `15m`, `24h`, `30d`.
struct DurationArgument: ExpressibleByArgument, Sendable, Equatable {
    let seconds: Int
    private let text: String

    init?(argument: String) {
        let units = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = argument.last.flatMap({ units[String($0)] }), let count = Int(argument.dropLast()), count >= 0,
            count <= 100_000_000 / unit
        else { return nil }
        self.seconds = count * unit
        self.text = argument
    }

    var duration: Duration { .seconds(self.seconds) }

    var defaultValueDescription: String { self.text }
}
