import ArgumentParser
import Control

/// What one command asks of the admin API: its options, its request, and how the answer is shown. Everything else is the
/// same for all and in `APICommand`.
protocol APIOptions: ParsableArguments {
    static var name: String { get }
    static var abstract: String { get }
    /// What follows `tollgate` in an example.
    static var example: String { get }
    static var view: RecordView { get }

    /// - Throws: `CommandFailure`.
    func request() throws -> AdminRequest
}

/// A command whose request is known from its words alone: what tests hold against the API's table.
protocol APIAsking: ParsableCommand {
    static var example: String { get }

    func request() throws -> AdminRequest
}

/// A command that goes through the admin API.
struct APICommand<Options: APIOptions>: AsyncParsableCommand, APIAsking {
    static var example: String { Options.example }

    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Options.name, abstract: Options.abstract,
            discussion: "Example:\n  tollgate \(Options.example)")
    }

    @OptionGroup var options: Options

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var server: ServerOptions

    func request() throws -> AdminRequest { try self.options.request() }

    func run() async throws {
        let reply = try await self.server.client().send(try self.request())
        try APIAnswer.show(reply, Options.view, json: self.json)
    }
}

/// Several commands under one name.
struct APIGroup {
    /// The description of a command that has nothing but subcommands.
    static func configuration(
        _ name: String, _ abstract: String, examples: [String], _ subcommands: [any ParsableCommand.Type]
    ) -> CommandConfiguration {
        let lines = examples.map { "  tollgate \($0)" }.joined(separator: "\n")
        return CommandConfiguration(
            commandName: name, abstract: abstract,
            discussion: "Examples:\n\(lines)\n\n\(ExitStatus.help)", subcommands: subcommands)
    }
}

/// Showing answers.
enum APIAnswer {
    static func show(_ reply: AdminReply, _ view: RecordView, json: Bool) throws {
        switch reply {
        case .text(let text): StandardOutput.write(text)
        case .list(let records):
            StandardOutput.write(json ? JSON.array(records).encoded + "\n" : view.table(records))
        case .record(let record):
            guard let record else {
                if !json { StandardOutput.line(view.done) }
                return
            }
            if json {
                StandardOutput.line(record.encoded)
            } else if let name = view.secret, let secret = record[name]?.text {
                StandardError.line(view.sheet(record.without(name)) + "The \(name) is shown this once:")
                StandardOutput.line(secret)
            } else if let list = record["data"]?.elements {
                StandardOutput.write(view.table(list))
            } else {
                StandardOutput.write(view.sheet(record))
            }
        }
    }
}
