import Domain
import Logging

/// Sets up logging for the process, once, before the first logger is made.
enum LogBootstrap {
    static func start(level: Logger.Level, format: LogFormat) {
        LoggingSystem.bootstrap { label in
            switch format {
            case .json: JSONLogHandler(label: label, level: level)
            case .human: HumanLogHandler(label: label, level: level)
            }
        }
    }

    /// As the configuration file says.
    static func start(_ settings: LoggingSettings) {
        Self.start(
            level: Logger.Level(rawValue: settings.level.rawValue) ?? .info,
            format: LogFormat(rawValue: settings.format.rawValue) ?? .json)
    }
}
