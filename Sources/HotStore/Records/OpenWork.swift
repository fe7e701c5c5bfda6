public import RedisClient

/// What requests hold in Redis while they run, over all orgs: claims of idempotency keys, and leases of caps on requests
/// in flight. Both end with their request, or with the lease of a gateway that died; what is left after that is a fault.
public struct OpenWork: Sendable {
    /// What a look has found.
    public struct Count: Sendable, Equatable {
        /// Held by requests that run, as far as is known.
        public var claims = 0
        public var leases = 0
        /// Over for longer than the look's `overdueMs`, and ended by nobody. Must be 0.
        public var overdueClaims = 0
        public var overdueLeases = 0
        /// Ended by this look.
        public var endedClaims = 0
        public var endedLeases = 0

        public init() {}
    }

    /// What has been over for so long is ended, unless another time is given.
    public static let graceMs: Int64 = 15_000
    /// What has been over for so long should have been ended, unless another time is given.
    public static let overdueMs: Int64 = 60_000

    private let redis: RedisConnection
    private let keyspace: Keyspace
    private let graceMs: Int64
    private let overdueMs: Int64

    private static let page: Int64 = 500

    public init(
        redis: RedisConnection, keyspace: Keyspace, graceMs: Int64 = OpenWork.graceMs,
        overdueMs: Int64 = OpenWork.overdueMs
    ) {
        self.redis = redis
        self.keyspace = keyspace
        self.graceMs = graceMs
        self.overdueMs = overdueMs
    }

    /// Looks at all there is, page by page.
    /// - Parameters:
    ///   - isEnding: whether what is over is ended.
    ///   - pause: between two pages, so that Redis has its time for requests.
    public func look(isEnding: Bool, pause: Duration = .zero) async throws -> Count {
        var count = Count()
        try await self.pages(self.keyspace.claimsPattern, pause) { names, nowMs in
            try await self.lookAtClaims(names, nowMs: nowMs, isEnding: isEnding, &count)
        }
        try await self.pages(self.keyspace.leasesPattern, pause) { names, nowMs in
            try await self.lookAtLeases(names, nowMs: nowMs, isEnding: isEnding, &count)
        }
        return count
    }

    private func pages(
        _ pattern: String, _ pause: Duration, _ body: ([String], Int64) async throws -> Void
    ) async throws {
        for server in await self.redis.servers {
            var cursor = "0"
            repeat {
                let time = try await self.redis.command(["TIME"], at: server).elements ?? []
                let reply = try await self.redis.command(
                    ["SCAN", .text(cursor), "MATCH", .text(pattern), "COUNT", .integer(Self.page)], at: server)
                guard time.count == 2, let seconds = time[0].integer, let micros = time[1].integer,
                    let parts = reply.elements, parts.count == 2, let next = parts[0].text
                else { break }
                let names = (parts[1].elements ?? []).compactMap(\.text)
                if !names.isEmpty { try await body(names, seconds * 1_000 + micros / 1_000) }
                cursor = next
                if cursor != "0", pause > .zero { try await Task.sleep(for: pause) }
            } while cursor != "0"
        }
    }

    private func lookAtClaims(
        _ names: [String], nowMs: Int64, isEnding: Bool, _ count: inout Count
    ) async throws {
        let replies = try await self.redis.pipeline(names.map { ["HMGET", .text($0), "s", "l"] })
        for (name, reply) in zip(names, replies) {
            guard let fields = reply.elements, fields.count == 2, fields[0].text == "i" else { continue }
            let overMs = nowMs - (fields[1].integer ?? 0)
            guard overMs >= 0 else {
                count.claims += 1
                continue
            }
            if overMs > self.overdueMs { count.overdueClaims += 1 }
            guard isEnding, overMs > self.graceMs else { continue }
            let ended = try await self.redis.eval(
                HotScripts.endClaim, keys: [.text(name)], arguments: [0, .integer(self.graceMs)])
            count.endedClaims += Int(ended.integer ?? 0)
        }
    }

    private func lookAtLeases(
        _ names: [String], nowMs: Int64, isEnding: Bool, _ count: inout Count
    ) async throws {
        let replies = try await self.redis.pipeline(
            names.flatMap { name -> [[RedisArgument]] in
                [
                    ["ZCOUNT", .text(name), .text("(\(nowMs)"), "+inf"],
                    ["ZCOUNT", .text(name), "-inf", .integer(nowMs - self.overdueMs)],
                ]
                    + (isEnding
                        ? [["ZREMRANGEBYSCORE", .text(name), "-inf", .integer(nowMs - self.graceMs)]] : [])
            })
        let each = isEnding ? 3 : 2
        for start in stride(from: 0, to: replies.count - each + 1, by: each) {
            count.leases += Int(replies[start].integer ?? 0)
            count.overdueLeases += Int(replies[start + 1].integer ?? 0)
            if isEnding { count.endedLeases += Int(replies[start + 2].integer ?? 0) }
        }
    }
}
