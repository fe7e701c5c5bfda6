public import Domain
public import RedisClient

/// Idempotency claims as operators see them: look one up, forget one. The data path has its own way to them.
public struct Claims: Sendable {
    private let redis: RedisConnection
    private let keyspace: Keyspace

    public init(redis: RedisConnection, keyspace: Keyspace) {
        self.redis = redis
        self.keyspace = keyspace
    }

    /// How far the request behind a claim got.
    public enum State: String, Sendable, CaseIterable {
        /// It runs, as far as is known: its gateway still holds the lease.
        case running
        /// Its gateway went away before it ended; what became of it is not known.
        case unknown
        /// Its whole answer is stored.
        case completed
        /// It ended, with an answer too large to be stored.
        case unreplayable
        /// It ended with a failure of the gateway's own.
        case failed
    }

    /// One claim.
    public struct Claim: Sendable, Equatable {
        public var state: State
        /// The request that made it.
        public var requestID: String
        /// Hexadecimal SHA-256 of that request.
        public var fingerprint: String
        /// Status of what is stored; nil while it runs.
        public var responseStatus: Int?
        /// Bytes of the stored body; nil where none is stored.
        public var responseBytes: Int?
        /// When it is forgotten, in Unix milliseconds.
        public var expiresAtMs: Int64
    }

    /// What became of the wish to forget a claim.
    public enum Expiry: Sendable, Equatable {
        /// It is forgotten.
        case expired
        /// There was none.
        case none
        /// Its request may still be running, so it stays.
        case running
    }

    /// A claim by the hexadecimal SHA-256 of its key (normalised: without quotes).
    /// - Parameter keyID: the API key, for routes whose claims belong to one; empty where all keys of the org share them.
    public func find(
        org orgID: String, _ environment: Domain.Environment, sha256Hex: String, keyID: String = ""
    ) async throws -> Claim? {
        let name = self.name(orgID, environment, sha256Hex, keyID)
        let values = try await self.redis.command("HMGET", .text(name), "s", "l", "r", "f", "c", "e").elements ?? []
        guard values.count == 6, let state = values[0].text else { return nil }
        let time = try await self.redis.command("TIME").elements ?? []
        let nowMs = (time.first?.integer ?? 0) * 1_000
        let isStored = state == "d"
        let length = isStored ? try await self.redis.command("HSTRLEN", .text(name), "b").integer : nil
        return Claim(
            state: Self.state(state, leaseUntilMs: values[1].integer ?? 0, nowMs: nowMs),
            requestID: values[2].text ?? "", fingerprint: values[3].text ?? "",
            responseStatus: values[4].integer.map { Int($0) }, responseBytes: length.map { Int($0) },
            expiresAtMs: values[5].integer ?? 0)
    }

    /// Forgets a claim unless its request may still be running.
    public func expire(
        org orgID: String, _ environment: Domain.Environment, sha256Hex: String, keyID: String = ""
    ) async throws -> Expiry {
        let name = self.name(orgID, environment, sha256Hex, keyID)
        switch try await self.redis.eval(HotScripts.expireClaim, keys: [.text(name)], arguments: [.integer(0)]).integer
        {
        case 1: return .expired
        case -1: return .running
        default: return .none
        }
    }

    private func name(_ orgID: String, _ environment: Domain.Environment, _ digest: String, _ keyID: String) -> String {
        self.keyspace.claimPrefix(org: orgID, environment, keyID: keyID) + digest
    }

    private static func state(_ letter: String, leaseUntilMs: Int64, nowMs: Int64) -> State {
        switch letter {
        case "d": .completed
        case "u": .unreplayable
        case "f": .failed
        default: leaseUntilMs > nowMs ? .running : .unknown
        }
    }
}
