/// Why a Redis URL cannot be used, as a sentence for the person who wrote it. It never repeats the URL, which may
/// hold a password.
public struct RedisEndpointError: Error, Equatable {
    public let reason: String
}

/// Where a Redis is and how to log in, read from a URL: `redis://[user:password@]host[:port][/database]`,
/// `unix:///path/to/socket[?db=n]`, or `redis-cluster://[user:password@]host[:port],host[:port],...` for some nodes of a
/// Redis Cluster. User name and password may be percent-encoded.
public struct RedisEndpoint: Sendable, Equatable {
    public enum Address: Sendable, Equatable {
        case unix(path: String)
        case tcp(host: String, port: Int)
        /// Some nodes of a cluster, at least one; the others are learnt from them.
        case cluster([Node])
    }

    /// One node of a cluster.
    public struct Node: Sendable, Hashable {
        public var host: String
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    public var address: Address
    public var database = 0
    public var username: String?
    public var password: String?

    public static let portDefault = 6379

    public init(address: Address, database: Int = 0, username: String? = nil, password: String? = nil) {
        self.address = address
        self.database = database
        self.username = username
        self.password = password
    }

    public init(url: String) throws(RedisEndpointError) {
        if url.hasPrefix("unix://") {
            self = try Self.unix(url.dropFirst("unix://".count))
        } else if url.hasPrefix("redis://") {
            self = try Self.tcp(url.dropFirst("redis://".count))
        } else if url.hasPrefix("redis-cluster://") {
            self = try Self.cluster(url.dropFirst("redis-cluster://".count))
        } else if url.hasPrefix("rediss://") {
            throw Self.error("TLS (rediss) is not spoken; use redis:// on a private network, or a tunnel")
        } else {
            throw Self.error("it must start with redis://, redis-cluster:// or unix://")
        }
    }

    private static func unix(_ rest: Substring) throws(RedisEndpointError) -> RedisEndpoint {
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(parts[0])
        guard path.hasPrefix("/"), path.utf8.count > 1 else {
            throw error("the socket's path must be absolute: unix:///run/redis.sock")
        }
        // sun_path has 108 bytes on Linux, the last of them zero.
        guard path.utf8.count <= 107 else { throw error("the socket's path is longer than 107 bytes") }
        var endpoint = RedisEndpoint(address: .unix(path: path))
        if parts.count == 2 {
            guard parts[1].hasPrefix("db=") else { throw error("only '?db=' may follow the socket's path") }
            endpoint.database = try database(parts[1].dropFirst("db=".count))
        }
        return endpoint
    }

    private static func tcp(_ rest: Substring) throws(RedisEndpointError) -> RedisEndpoint {
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let (login, authority) = try Self.login(parts[0])
        var endpoint = login
        let node = try hostAndPort(authority)
        endpoint.address = .tcp(host: node.host, port: node.port)
        if parts.count == 2, !parts[1].isEmpty { endpoint.database = try database(parts[1]) }
        return endpoint
    }

    private static func cluster(_ rest: Substring) throws(RedisEndpointError) -> RedisEndpoint {
        let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 1 || parts[1].isEmpty else {
            throw error("a cluster has no numbered databases: nothing may follow the nodes")
        }
        let (login, authority) = try Self.login(parts[0])
        var endpoint = login
        var nodes: [Node] = []
        for (index, text) in authority.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
            do throws(RedisEndpointError) {
                let node = try hostAndPort(text)
                guard !nodes.contains(node) else { throw error("it is named before") }
                nodes.append(node)
            } catch {
                throw Self.error("node \(index + 1) of the cluster: \(error.reason)")
            }
        }
        endpoint.address = .cluster(nodes)
        return endpoint
    }

    /// User and password, and what follows them.
    private static func login(
        _ text: Substring
    ) throws(RedisEndpointError) -> (endpoint: RedisEndpoint, rest: Substring) {
        var authority = text
        var endpoint = RedisEndpoint(address: .tcp(host: "", port: portDefault))
        if let at = authority.lastIndex(of: "@") {
            let login = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if !login[0].isEmpty { endpoint.username = try decoded(login[0]) }
            if login.count == 2, !login[1].isEmpty { endpoint.password = try decoded(login[1]) }
            guard endpoint.username == nil || endpoint.password != nil else {
                throw error("it names a user but no password (a password alone is written redis://:password@host)")
            }
            authority = authority[authority.index(after: at)...]
        }
        return (endpoint, authority)
    }

    private static func hostAndPort(_ authority: Substring) throws(RedisEndpointError) -> Node {
        var host = authority
        var port = portDefault
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            host = authority[..<colon]
            guard let number = Int(authority[authority.index(after: colon)...]), (1...65_535).contains(number) else {
                throw error("the port must be 1 to 65535")
            }
            port = number
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw error("it names no host") }
        return Node(host: String(host), port: port)
    }

    private static func database(_ text: Substring) throws(RedisEndpointError) -> Int {
        guard let number = Int(text), (0...1_023).contains(number) else {
            throw error("the database must be a number, 0 to 1023")
        }
        return number
    }

    private static func decoded(_ text: Substring) throws(RedisEndpointError) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
                throw error("its user name or password has a broken percent-escape")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func error(_ reason: String) -> RedisEndpointError { RedisEndpointError(reason: reason) }
}

extension RedisSettings {
    /// The URL taken apart; `username` and `password`, where set, go before those of the URL.
    public func endpoint() throws(RedisEndpointError) -> RedisEndpoint {
        var endpoint = try RedisEndpoint(url: url)
        if let username { endpoint.username = username }
        if let password { endpoint.password = password }
        return endpoint
    }
}
