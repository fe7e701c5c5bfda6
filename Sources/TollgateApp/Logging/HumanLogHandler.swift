import Logging

/// `12:00:00.000 notice  Edge listens  address=127.0.0.1:8080`
struct HumanLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let label: String

    init(label: String, level: Logger.Level) {
        self.label = label
        self.logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = self.metadata.merging(event.metadata ?? [:]) { _, own in own }
        let level = event.level.rawValue
        var line = "\(LogTime.local()) \(level)\(String(repeating: " ", count: 9 - level.count))\(event.message)"
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += "  \(name)=\(Self.shown("\(value)"))"
        }
        LogSink.write(Redaction.masked(line.replacing("\n", with: " ")) + "\n")
    }

    private static func shown(_ value: String) -> String {
        value.isEmpty || value.contains(" ") ? "\"\(value)\"" : value
    }
}
