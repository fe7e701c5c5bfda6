import CPostgres

/// How to reach one PostgreSQL database and how many connections to hold.
///
/// The address is whatever libpq takes: a URL (`postgresql://user@host:5432/name?sslmode=verify-full`, or
/// `postgresql:///name?host=/run/postgresql` for a unix socket), a `key=value` string, or parts. TLS is libpq's own
/// (`sslmode`, `sslrootcert`, …). Passwords are never printed.
public struct PostgresConfiguration: Sendable {
    /// libpq's connection keywords and values, in the order they were given.
    public private(set) var keywords: [(name: String, value: String)]
    /// Connections held at most; each has a thread of its own. At least 1.
    public var connectionsMax: Int = 8
    /// Callers that may wait for a connection at a time; the next one is refused with ``PostgresError/Source/busy``.
    public var waitersMax: Int = 1024
    /// Longest wait for a free connection.
    public var acquireTimeout: Duration = .seconds(10)
    /// Longest time to connect and authenticate.
    public var connectTimeout: Duration = .seconds(5)
    /// Longest run of one statement; the server ends it, and the client gives up `cancelGrace` later. Nil: no limit.
    public var statementTimeout: Duration? = .seconds(30)
    /// How long a cancelled or overdue statement may take to end before its connection is dropped.
    public var cancelGrace: Duration = .seconds(2)
    /// Shown in `pg_stat_activity`.
    public var applicationName: String = "tollgate"

    /// Takes a libpq URL or `key=value` string, and checks it without connecting.
    /// - Throws: ``PostgresError`` with source `configuration`, naming what libpq could not read.
    public init(_ connectionString: String) throws(PostgresError) {
        var problem: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(connectionString, &problem) else {
            let reason = problem.map { String(cString: $0) } ?? "out of memory"
            PQfreemem(problem)
            throw PostgresError(
                .configuration, "the database address cannot be read: \(reason.trimmedTail)",
                hint: "expected postgresql://user@host:port/database, or postgresql:///database?host=/socket/folder")
        }
        defer { PQconninfoFree(options) }
        self.keywords = []
        var option = options
        while let name = option.pointee.keyword {
            if let value = option.pointee.val {
                self.keywords.append((String(cString: name), String(cString: value)))
            }
            option += 1
        }
    }

    /// Takes the parts of an address. `host` starting with `/` is the folder of a unix socket.
    public init(host: String, port: Int = 5432, user: String, password: String? = nil, database: String) {
        self.keywords = [("host", host), ("port", String(port)), ("user", user), ("dbname", database)]
        if let password { self.keywords.append(("password", password)) }
    }

    /// The same server and settings, another database.
    public func with(database: String) -> PostgresConfiguration {
        var copy = self
        copy.keywords.removeAll { $0.name == "dbname" }
        copy.keywords.append(("dbname", database))
        return copy
    }
}

extension PostgresConfiguration: CustomStringConvertible {
    /// The address without its secrets.
    public var description: String {
        self.keywords.filter { !$0.name.contains("pass") }.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
    }
}

extension PostgresConfiguration {
    /// Where the server is looked for, for messages.
    var address: String {
        let value: (String) -> String? = { name in self.keywords.last { $0.name == name }?.value }
        let host = value("host") ?? value("hostaddr") ?? "libpq's default host"
        return "\(host) port \(value("port") ?? "5432")"
    }

    /// What libpq is given: the caller's keywords, and ours where the caller was silent.
    var connectionKeywords: [(name: String, value: String)] {
        var all = self.keywords
        let named = Set(all.map(\.name))
        if !named.contains("application_name") { all.append(("application_name", self.applicationName)) }
        if !named.contains("tcp_user_timeout") { all.append(("tcp_user_timeout", "15000")) }
        all.removeAll { $0.name == "client_encoding" }
        all.append(("client_encoding", "UTF8"))
        return all
    }
}
