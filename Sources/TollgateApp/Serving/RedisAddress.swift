import Domain
import RedisClient

/// `redis://[user:password@]host:port[/database]` and `unix:///path[?db=n]` as the client's configuration.
enum RedisAddress {
    /// - Throws: `CommandFailure` that says what was expected.
    static func configuration(_ settings: RedisSettings) throws -> RedisConfiguration {
        guard var configuration = Self.parse(settings.url) else {
            throw CommandFailure(
                "The address of Redis cannot be read: \(Redaction.masked(settings.url))",
                hint: "Expected: redis://[user:password@]host:port[/database] or unix:///path[?db=n]", status: .usage)
        }
        configuration.username = settings.username ?? configuration.username
        configuration.password = settings.password ?? configuration.password
        configuration.connectTimeoutMs = settings.connectTimeoutMs
        configuration.commandDeadlineMs = settings.deadlineMs
        configuration.pendingCommandsMax = settings.pendingMax
        return configuration
    }

    static func parse(_ url: String) -> RedisConfiguration? {
        if url.hasPrefix("unix://") { return Self.parseUnix(url.dropFirst("unix://".count)) }
        guard url.hasPrefix("redis://") else { return nil }
        var rest = url.dropFirst("redis://".count)
        var user: Substring?
        var password: Substring?
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = credentials.first.flatMap { $0.isEmpty ? nil : $0 }
            password = credentials.count > 1 ? credentials[1] : nil
            rest = rest[rest.index(after: at)...]
        }
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first, let endpoint = Self.endpoint(address) else { return nil }
        var configuration = RedisConfiguration(endpoint: endpoint)
        configuration.username = user.map { Self.decoded($0) }
        configuration.password = password.map { Self.decoded($0) }
        if parts.count > 1, !parts[1].isEmpty {
            guard let database = Int(parts[1]), database >= 0 else { return nil }
            configuration.database = database
        }
        return configuration
    }

    private static func parseUnix(_ rest: Substring) -> RedisConfiguration? {
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, path.hasPrefix("/") else { return nil }
        var configuration = RedisConfiguration(endpoint: .unix(path: String(path)))
        if parts.count > 1 {
            guard parts[1].hasPrefix("db="), let database = Int(parts[1].dropFirst(3)), database >= 0 else {
                return nil
            }
            configuration.database = database
        }
        return configuration
    }

    /// `host`, `host:port` or `[ipv6]:port`.
    private static func endpoint(_ text: Substring) -> RedisConfiguration.Endpoint? {
        var host = text
        var port = 6379
        let bracket = text.lastIndex(of: "]")
        if let colon = text.lastIndex(of: ":"), bracket.map({ $0 < colon }) ?? true {
            guard let number = Int(text[text.index(after: colon)...]), (1...65_535).contains(number) else { return nil }
            host = text[..<colon]
            port = number
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { return nil }
        return .tcp(host: String(host), port: port)
    }

    /// Percent-decoded, so that a password may hold `@`, `:` and `/`.
    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
