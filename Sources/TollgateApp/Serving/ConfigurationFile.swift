import Domain
import Foundation
import Settings

/// Reading a configuration file, for commands.
enum ConfigurationFile {
    /// - Throws: `CommandFailure` with every mistake in the file.
    static func load(_ path: String) throws -> Configuration { try self.load(path, standIns: [:]) }

    /// As above. `standIns` are used for variables that the environment does not have: addresses that are only known later.
    static func load(_ path: String, standIns: [String: String]) throws -> Configuration {
        let environment = standIns.merging(ProcessInfo.processInfo.environment) { $1 }
        switch Settings.load(path: path, environment: environment) {
        case .success(let configuration): return configuration
        case .failure(let errors):
            throw CommandFailure("The configuration is not valid.\n\(errors)", status: .configuration)
        }
    }
}
