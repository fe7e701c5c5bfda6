import Logging

/// One JSON object a line: `timestamp`, `level`, `logger`, `message`, and the metadata as members beside them.
struct JSONLogHandler: LogHandler {
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
        var members: [(String, JSONValue)] = [
            ("timestamp", .text(LogTime.utc())), ("level", .text(event.level.rawValue)), ("logger", .text(self.label)),
            ("message", .text(Redaction.masked("\(event.message)"))),
        ]
        let taken = Set(members.map(\.0))
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            members.append((taken.contains(name) ? "field.\(name)" : name, Self.value(value)))
        }
        LogSink.write(JSONValue.object(members).text + "\n")
    }

    private static func value(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        case .string(let text): .text(Redaction.masked(text))
        case .stringConvertible(let number as any BinaryInteger): .integer(Int64(truncatingIfNeeded: number))
        case .stringConvertible(let other): .text(Redaction.masked("\(other)"))
        case .array(let values): .list(values.map(Self.value))
        case .dictionary(let members):
            .object(members.sorted { $0.key < $1.key }.map { ($0.key, Self.value($0.value)) })
        }
    }
}
