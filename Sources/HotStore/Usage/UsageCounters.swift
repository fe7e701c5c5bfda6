public import RedisClient

/// The counters of usage as a worker reads them. Each is cumulative within its epoch, so reading twice or recording
/// twice counts nothing twice; they are removed only when their hour is over and their last value is recorded.
public struct UsageCounters: Sendable {
    public let redis: RedisConnection
    public let keyspace: Keyspace

    /// How many names or fields one step of a scan asks for.
    private static let scanCount = 512

    public init(redis: RedisConnection, keyspace: Keyspace) {
        self.redis = redis
        self.keyspace = keyspace
    }

    /// One counter.
    public struct Counter: Sendable, Equatable {
        public var field: UsageField
        public var value: Int64

        public init(field: UsageField, value: Int64) {
            self.field = field
            self.value = value
        }
    }

    /// Takes up to `max` names of meter hashes with fresh usage. A worker that dies with them is made good by
    /// ``allHashes(from:)``.
    public func takeDirty(max: Int) async throws -> [String] {
        let reply = try await self.redis.command("SPOP", .text(self.keyspace.dirty), .integer(Int64(max)))
        return (reply.elements ?? []).compactMap(\.text)
    }

    /// Names of meter hashes of one server, dirty or not, step by step: begin with cursor "0" and end when it is "0" again.
    /// A name may come twice.
    ///
    /// - Parameter server: one of the connection's servers; nil where there is only one.
    public func allHashes(
        from cursor: String, of server: RedisConfiguration.Endpoint? = nil
    ) async throws -> (names: [String], cursor: String) {
        let command: [RedisArgument] = [
            "SCAN", .text(cursor), "MATCH", .text(self.keyspace.metersPattern), "COUNT",
            .integer(Int64(Self.scanCount)),
        ]
        guard let server else { return Self.step(try await self.redis.command(command)) }
        return Self.step(try await self.redis.command(command, at: server))
    }

    /// Every counter of one hash. Fields that are not ours are passed over.
    public func counters(of name: String) async throws -> [Counter] {
        var cursor = "0"
        var counters: [UsageField: Int64] = [:]
        repeat {
            let reply = try await self.redis.command(
                "HSCAN", .text(name), .text(cursor), "COUNT", .integer(Int64(Self.scanCount)))
            let texts: [String]
            (texts, cursor) = Self.step(reply)
            for index in stride(from: 0, to: texts.count - 1, by: 2) {
                guard let field = UsageField(text: texts[index]), let value = Int64(texts[index + 1]) else { continue }
                counters[field] = max(value, counters[field] ?? value)
            }
        } while cursor != "0"
        return counters.map { Counter(field: $0.key, value: $0.value) }
    }

    /// Removes counters of hours that are over, each if it still has the value that was recorded. Returns how many.
    public func forget(_ counters: [Counter], of name: String) async throws -> Int {
        guard !counters.isEmpty else { return 0 }
        let arguments = counters.flatMap { [RedisArgument.text($0.field.text), .integer($0.value)] }
        let reply = try await self.redis.eval(HotScripts.forget, keys: [.text(name)], arguments: arguments)
        return Int(reply.integer ?? 0)
    }

    private static func step(_ reply: RedisValue) -> ([String], String) {
        let parts = reply.elements ?? []
        guard parts.count == 2 else { return ([], "0") }
        return ((parts[1].elements ?? []).compactMap(\.text), parts[0].text ?? "0")
    }
}
