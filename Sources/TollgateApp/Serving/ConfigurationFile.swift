import Domain
import Foundation
import Settings

/// Reading a configuration file, for commands.
enum ConfigurationFile {
    /// - Throws: `CommandFailure` with every mistake in the file.
    static func load(_ path: String) throws -> Configuration {
        switch Settings.load(path: path, environment: ProcessInfo.processInfo.environment) {
        case .success(let configuration): return configuration
        case .failure(let errors):
            throw CommandFailure("The configuration is not valid.\n\(errors)", status: .configuration)
        }
    }
}
