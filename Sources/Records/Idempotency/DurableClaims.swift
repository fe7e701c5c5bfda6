public import Domain
public import PostgresClient

/// Idempotency keys of durable routes, claimed and settled in batches: one statement, one commit for all of a batch.
///
/// The database's functions hold the rules; see `0010_idempotency.sql` for how a key stays unique over partitions.
public struct DurableClaims: Sendable {
    private let pool: PostgresPool

    /// On a pool: a claim must be committed before anybody acts on it.
    public init(_ pool: PostgresPool) { self.pool = pool }

    /// Decides claims, in their order. A day that has no partition yet gets one.
    /// - Throws: `PostgresError`; then none, or all, may have been granted.
    public func claim(_ claims: [DurableClaim]) async throws -> [DurableVerdict] {
        do {
            return try await self.decide(claims)
        } catch let error as PostgresError where error.sqlState == Self.noPartition {
            let keepMs = claims.map(\.keepMs).max() ?? 0
            _ = try await self.prepare(untilMs: keepMs + 2 * 86_400_000)
            return try await self.decide(claims)
        }
    }

    /// `check_violation`: no partition takes the row (the table's own checks are kept by the function).
    private static let noPartition = "23514"

    private func decide(_ claims: [DurableClaim]) async throws -> [DurableVerdict] {
        guard !claims.isEmpty else { return [] }
        let rows = try await self.pool.query(
            """
            SELECT * FROM idempotency_keys_claim(
                \(claims.map(\.orgID)), \(claims.map(\.environment.rawValue)), \(claims.map(\.apiKeyID)),
                \(claims.map { Self.text($0.request.keyDigest) }), \(claims.map { Self.bytes($0.request.fingerprint) }),
                \(claims.map { Self.text($0.request.owner) }), \(claims.map { Self.text($0.request.requestID) }),
                \(claims.map(\.claimMs)), \(claims.map(\.keepMs)), \(claims.map(\.mayRepeat)))
            """)
        var verdicts = [DurableVerdict](repeating: .unavailable, count: claims.count)
        for row in rows {
            let place = try row["place", as: Int.self] - 1
            guard verdicts.indices.contains(place) else { continue }
            verdicts[place] = try Self.verdict(row)
        }
        return verdicts
    }

    private static func verdict(_ row: PostgresRow) throws -> DurableVerdict {
        let first = Array((try row["first_request", as: String?.self] ?? "").utf8)
        switch try row["verdict", as: String.self] {
        case "claimed": return .claimed
        case "running": return .inProgress(first: first)
        case "reused": return .keyReused(first: first)
        case "finished": return .finished(try Self.result(row), first: first)
        default: return .outcomeUnknown(first: first)
        }
    }

    private static func result(_ row: PostgresRow) throws -> StoredResult {
        let status = try row["status", as: Int.self]
        switch try row["finished_state", as: String.self] {
        case "completed":
            return .response(
                status: status, headers: try row["head", as: [UInt8]?.self] ?? [],
                body: try row["body", as: [UInt8]?.self] ?? [])
        case "failed":
            return .failure(status: status, slug: try row["slug", as: String?.self] ?? "")
        default:
            return .unreplayable(
                status: status, length: try row["length", as: Int?.self] ?? 0,
                sha256: Array((try row["sha256", as: String?.self] ?? "").utf8))
        }
    }

    /// Settles claims; each takes effect only while it runs and belongs to the attempt that made it.
    /// - Returns: how many took effect.
    @discardableResult
    public func settle(_ settlements: [DurableSettlement]) async throws -> Int {
        guard !settlements.isEmpty else { return 0 }
        let rows = settlements.map(Row.init)
        return try await self.pool.query(
            """
            SELECT idempotency_keys_settle(
                \(settlements.map(\.claim.orgID)), \(settlements.map(\.claim.environment.rawValue)),
                \(settlements.map(\.claim.apiKeyID)), \(settlements.map { Self.text($0.claim.request.keyDigest) }),
                \(settlements.map { Self.text($0.claim.request.owner) }), \(rows.map(\.ending)), \(rows.map(\.status)),
                \(rows.map(\.head)), \(rows.map(\.body)), \(rows.map(\.length)), \(rows.map(\.digest)),
                \(rows.map(\.slug)), \(settlements.map(\.claim.claimMs))) AS settled
            """
        ).only()["settled"]
    }

    /// What the function is given of one settlement.
    private struct Row {
        var ending: String
        var status = 0
        var head: [UInt8] = []
        var body: [UInt8] = []
        var length = 0
        var digest = ""
        var slug = ""

        init(_ settlement: DurableSettlement) {
            switch settlement.ending {
            case .release: self.ending = "released"
            case .prolong: self.ending = "prolonged"
            case .store(.response(let status, let headers, let body)):
                (self.ending, self.status, self.head, self.body) = ("completed", status, headers, body)
            case .store(.unreplayable(let status, let length, let sha256)):
                (self.ending, self.status, self.length) = ("unreplayable", status, length)
                self.digest = DurableClaims.text(sha256)
            case .store(.failure(let status, let slug)):
                (self.ending, self.status, self.slug) = ("failed", status, slug)
            }
        }
    }

    // MARK: What dead gateways leave

    /// Claims without a result.
    public struct Standing: Sendable, Hashable {
        /// Held by requests that run, as far as is known.
        public var open = 0
        /// Whose lease has been over for long, and that nobody ended. Must be 0.
        public var overdue = 0

        public init() {}
    }

    /// Counts the claims without a result.
    public func standing(overdueMs: Int) async throws -> Standing {
        let row = try await self.pool.query(
            """
            SELECT count(*) FILTER (WHERE lease_until >= now())::bigint AS open,
                idempotency_keys_overdue(\(overdueMs) * interval '1 millisecond') AS overdue
            FROM idempotency_keys WHERE state = 'running'
            """
        ).only()
        var standing = Standing()
        standing.open = try row["open"]
        standing.overdue = try row["overdue"]
        return standing
    }

    /// Ends claims whose lease has been over for so long: nobody knows what became of their requests.
    /// - Returns: how many.
    public func sweep(graceMs: Int) async throws -> Int {
        var swept = 0
        while true {
            let count: Int = try await self.pool.query(
                "SELECT idempotency_keys_sweep(\(graceMs) * interval '1 millisecond', \(Self.sweepMax)::integer) AS swept"
            ).only()["swept"]
            swept += count
            if count < Self.sweepMax { return swept }
        }
    }

    private static let sweepMax = 1_000

    // MARK: Retention

    /// Makes the partitions of all days from now to so much later.
    /// - Returns: how many were missing.
    public func prepare(untilMs: Int) async throws -> Int {
        try await self.pool.query(
            "SELECT idempotency_keys_prepare(now() + \(untilMs) * interval '1 millisecond') AS made"
        ).only()["made"]
    }

    /// Drops the partitions of days that are over.
    /// - Returns: how many.
    public func retire() async throws -> Int {
        try await self.pool.query("SELECT idempotency_keys_retire() AS dropped").only()["dropped"]
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// The digest that hexadecimal digits stand for.
    private static func bytes(_ hex: [UInt8]) -> [UInt8] {
        stride(from: 0, to: hex.count - 1, by: 2).map { Self.digit(hex[$0]) << 4 | Self.digit(hex[$0 + 1]) }
    }

    private static func digit(_ byte: UInt8) -> UInt8 { byte >= 0x61 ? byte &- 0x61 &+ 10 : byte &- 0x30 }
}
