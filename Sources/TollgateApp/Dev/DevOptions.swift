import Glibc

/// What a person may choose about `tollgate dev`.
struct DevOptions: Sendable {
    var configurationPath = "config/demo.yaml"
    var dataPath = ".data"
    /// nil takes the configuration's.
    var edgePort: Int?
    var adminPort: Int?
    /// nil takes a free one.
    var jobsPort: Int?
    /// An empty database gets an org and nothing else.
    var isBare = false

    /// Takes what the command line left open from the environment.
    ///
    /// - Throws: `CommandFailure` for a variable that is no port.
    mutating func completeFromEnvironment() throws {
        self.edgePort = try self.edgePort ?? Self.port("TOLLGATE_EDGE_PORT")
        self.adminPort = try self.adminPort ?? Self.port("TOLLGATE_ADMIN_PORT")
        self.jobsPort = try self.jobsPort ?? Self.port("TOLLGATE_JOBS_PORT")
        if let data = getenv("TOLLGATE_DATA") { self.dataPath = String(cString: data) }
    }

    private static func port(_ name: String) throws -> Int? {
        guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
        guard let port = Int(value), (0...65_535).contains(port) else {
            throw CommandFailure("\(name) is `\(value)`; expected a port number, 0 to 65535.", status: .usage)
        }
        return port
    }
}
