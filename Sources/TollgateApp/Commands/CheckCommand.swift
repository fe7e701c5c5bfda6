import ArgumentParser
import Domain
import Foundation
import Settings

/// `tollgate check`
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a configuration file: every mistake at once, with file, line and field.",
        discussion: """
            Exit status 0 when it is valid, 5 when not.

            Examples:
              tollgate check config/tollgate.yaml
              tollgate check config/tollgate.yaml --print
              tollgate check config/tollgate.yaml --json
            """)

    @Argument(help: "The configuration file.")
    var file: String

    @Flag(help: "Print what it amounts to, every default spelt out and secrets hidden.")
    var print = false

    @Flag(help: "Print mistakes as JSON.")
    var json = false

    func run() async throws {
        switch Settings.load(path: self.file, environment: ProcessInfo.processInfo.environment) {
        case .failure(let errors):
            if self.json {
                StandardOutput.write(errors.json)
                throw ExitCode(ExitStatus.configuration.rawValue)
            }
            throw CommandFailure("The configuration is not valid.\n\(errors)", status: .configuration)
        case .success(let configuration):
            if self.print {
                StandardOutput.write(Settings.printed(configuration))
            } else if self.json {
                StandardOutput.line(JSONValue.object([("errors", .list([]))]).text)
            } else {
                let counts = "\(configuration.routes.count) routes, \(configuration.upstreams.count) upstreams"
                StandardOutput.line("\(self.file) is valid: \(counts), \(configuration.plans.count) plans.")
            }
        }
    }
}
