import ArgumentParser
import Control
import Records

/// `tollgate audit verify`
struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Walk the whole chain of hashes: exit status 0 if every row is as it was written, 1 if not.",
        discussion: """
            Each row carries the SHA-256 of the one before it, so a row that was changed, removed or put in between by \
            somebody with the rights of a superuser does not fit any more.

            Example:
              tollgate audit verify --config config/tollgate.yaml || page-somebody
            """)

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup var options: StoreOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        if let client = try self.server.asked { return try await self.run(client) }
        let (length, problems) = try await self.options.withPool { pool in
            let log = AuditLog(pool)
            return (try await log.length(), try await log.check())
        }
        if self.json {
            StandardOutput.line(Self.document(length, problems).text)
        } else if problems.isEmpty {
            StandardOutput.line("The audit log is as it was written: \(length) rows.")
        }
        guard problems.isEmpty else {
            let lines = problems.map { "  row \($0.sequence): \($0.problem)" }
            throw CommandFailure("The audit log is NOT as it was written.\n" + lines.joined(separator: "\n"))
        }
    }

    /// The same walk, by the server.
    private func run(_ client: AdminClient) async throws {
        guard case .record(let record) = try await client.send(.get("/v1/audit/verification")), let record else {
            return
        }
        let isIntact = record["intact"]?.bool == true
        if self.json {
            StandardOutput.line(record.encoded)
        } else if isIntact {
            StandardOutput.line("The audit log is as it was written.")
        }
        guard isIntact else {
            let lines = (record["problems"]?.elements ?? []).map {
                "  row \($0["sequence"]?.integer ?? 0): \($0["problem"]?.text ?? "")"
            }
            throw CommandFailure("The audit log is NOT as it was written.\n" + lines.joined(separator: "\n"))
        }
    }

    private static func document(_ length: Int64, _ problems: [AuditProblem]) -> JSONValue {
        .object([
            ("rows", .integer(length)), ("intact", .boolean(problems.isEmpty)),
            (
                "problems",
                .list(
                    problems.map { .object([("row", .integer($0.sequence)), ("problem", .text($0.problem))]) })
            ),
        ])
    }
}
