import ArgumentParser
import Glibc
import PostgresClient
import RedisClient

/// The program: reads the command line, runs the command, and turns what it throws into words and a status.
public enum TollgateApp {
    /// Runs to the end of the process.
    public static func main() async -> Never {
        // Writing to a connection that is gone is an error to handle, not a reason to die.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try TollgateCommand.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            exit(ExitStatus.success.rawValue)
        } catch {
            Self.end(with: error)
        }
    }

    private static func end(with error: any Error) -> Never {
        if let failure = Self.failure(from: error) {
            StandardError.line("tollgate: \(failure)")
            exit(failure.status.rawValue)
        }
        let status = TollgateCommand.exitCode(for: error)
        let message = TollgateCommand.fullMessage(for: error)
        if status.isSuccess {
            if !message.isEmpty { StandardOutput.line(message) }
            exit(ExitStatus.success.rawValue)
        }
        if !message.isEmpty { StandardError.line(message) }
        exit(status == .validationFailure ? ExitStatus.usage.rawValue : ExitStatus.failure.rawValue)
    }

    /// What the layers below throw, for the person at the terminal; nil for what the command line parser throws.
    static func failure(from error: any Error) -> CommandFailure? {
        switch error {
        case let failure as CommandFailure: failure
        case let error as PostgresError: CommandFailure(postgres: error)
        case let failure as RedisFailure:
            CommandFailure(
                "Redis: \(failure)", hint: "Is it running, and is its address right (--redis-url)?",
                status: .unreachable)
        case let error as RedisServerError: CommandFailure("Redis refused: \(error)")
        default: nil
        }
    }
}
