import ArgumentParser
import Testing

@testable import Control
@testable import TollgateApp

/// The command line does what the API does.
struct CommandCoverageTests {
    /// Asked for by commands that can work on the stores as well, with `--server`; and what is for programs.
    private static let elsewhere: Set = [
        "createKey", "listKeys", "getKey", "revokeKey", "rotateKey", "createOrg", "listOrgs", "getUsage", "getUsageCSV",
        "verifyAudit", "getOpenAPI",
    ]

    private static func asking(_ commands: [any ParsableCommand.Type]) -> [any APIAsking.Type] {
        commands.flatMap { command in
            (command as? any APIAsking.Type).map { [$0] } ?? Self.asking(command.configuration.subcommands)
        }
    }

    /// The words of an example, up to where a shell takes over.
    private static func words(_ example: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in example {
            if character == "\"" {
                isQuoted.toggle()
            } else if !isQuoted, character == "|" || character == ">" {
                break
            } else if !isQuoted, character == " " {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        return words + (word.isEmpty ? [] : [word])
    }

    private static func operation(_ request: AdminRequest) -> String? {
        let actual = request.path.split(separator: "/")
        // A path of fixed words goes before one with parameters.
        let fitting = AdminAPI.operations.filter { operation in
            let pattern = operation.path.split(separator: "/")
            return "\(operation.method)" == request.method && pattern.count == actual.count
                && zip(pattern, actual).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        return fitting.min { $0.pathParameters.count < $1.pathParameters.count }?.id
    }

    @Test func `every operation of the admin API is asked for by some command, as its example says`() throws {
        var asked = Self.elsewhere
        let commands = Self.asking([TollgateCommand.self])
        #expect(commands.count > 50)
        for command in commands {
            // Examples with a file would have to have it.
            var words = Self.words(command.example)
            if let file = words.firstIndex(of: "--file") { words[file + 1] = "/dev/null" }
            if words.starts(with: ["plans", "set"]) {
                asked.insert("putPlan")
                continue
            }
            let parsed = try TollgateCommand.parseAsRoot(words)
            let request = try #require(parsed as? any APIAsking, "\(command.example)").request()
            let operation = try #require(
                Self.operation(request), "\(command.example): \(request.method) \(request.path)")
            asked.insert(operation)
        }
        let tokens = try TollgateCommand.parseAsRoot(["tokens", "list"])
        #expect(try (tokens as? any APIAsking)?.request().path == "/v1/operator-tokens")
        let unbound = [
            ["audit", "list"], ["tokens", "list"], ["tokens", "create"], ["tokens", "show", "tok_0"],
            ["tokens", "revoke", "tok_0"],
        ]
        for words in unbound {
            let request = try #require(try TollgateCommand.parseAsRoot(words) as? any APIAsking).request()
            asked.insert(try #require(Self.operation(request), "\(request.path)"))
        }
        #expect(Set(AdminAPI.operations.map(\.id)).subtracting(asked) == [])
    }
}
