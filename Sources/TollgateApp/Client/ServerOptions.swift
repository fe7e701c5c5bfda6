import ArgumentParser
import Glibc

/// Where the admin API is, and by which right we ask. The token is never an argument: arguments can be read by everybody
/// on the machine.
struct ServerOptions: ParsableArguments {
    @Option(help: "The admin API: http://host:port. Else TOLLGATE_ADMIN_URL, or .data/demo.env.")
    var server: String?

    @Option(help: "A file that holds the token. Else TOLLGATE_ADMIN_TOKEN, or .data/demo.env.", completion: .file())
    var tokenFile: String?

    /// The client, only if the command line names a server.
    var asked: AdminClient? {
        get throws { self.server == nil ? nil : try self.client() }
    }

    /// - Throws: `CommandFailure` when nothing says where the server is, or no token is found.
    func client() throws -> AdminClient {
        let demo = StoreOptions.runningDemo()
        guard let server = self.server ?? StoreOptions.variable("TOLLGATE_ADMIN_URL") ?? demo?.adminURL else {
            throw CommandFailure(
                "Nothing says where the admin API is.",
                hint: "Use --server URL, set TOLLGATE_ADMIN_URL, or run this where `tollgate dev` is running.",
                status: .usage)
        }
        guard server.hasPrefix("http://") || server.hasPrefix("https://") else {
            throw CommandFailure("`\(server)` is no address; expected http://host:port.", status: .usage)
        }
        return AdminClient(server: Self.trimmed(server), token: try self.token(demo))
    }

    private func token(_ demo: DemoEnvironment?) throws -> String {
        if let tokenFile {
            guard let text = FileText.read(tokenFile)?.split(whereSeparator: \.isWhitespace).first else {
                throw CommandFailure("\(tokenFile) cannot be read, or holds no token.", status: .usage)
            }
            return String(text)
        }
        if let token = StoreOptions.variable("TOLLGATE_ADMIN_TOKEN") { return token }
        if let token = demo?.adminToken, !token.isEmpty { return token }
        throw CommandFailure(
            "There is no token.",
            hint: "Set TOLLGATE_ADMIN_TOKEN, or use --token-file FILE. See: tollgate admin token create",
            status: .usage)
    }

    private static func trimmed(_ server: String) -> String {
        var server = server[...]
        while server.hasSuffix("/") { server = server.dropLast() }
        return String(server)
    }
}

/// How many records of a list.
struct PageOptions: ParsableArguments {
    @Option(help: "How many at most.")
    var limit = 100

    func validate() throws {
        guard (1...1_000_000).contains(self.limit) else { throw ValidationError("--limit takes 1 to 1000000.") }
    }
}

/// Whose.
struct OrgOption: ParsableArguments {
    @Option(help: "An org's id or slug.")
    var org: String
}
