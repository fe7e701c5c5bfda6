import Digests
import Domain
import Glibc
import PostgresClient
import Records
import Synchronization

/// Finds out who presents a token.
final class Authenticator: Sendable {
    /// The form of tokens that we make: a mistyped one is refused without a look-up.
    static let form = KeyFormat(brand: "tga")

    private let operatorToken: String?
    private let pool: PostgresPool?
    private let state: Mutex<State>

    private struct State {
        var throttle: LoginThrottle
        /// Tokens that were good lately: somebody else's failures from the same address do not lock them out.
        var good: Set<SHA256Digest> = []
    }

    private static let goodMax = 4_096

    /// - Parameters:
    ///   - operatorToken: an operator's token that is known from elsewhere than the records.
    ///   - pool: the records; without them no other token is known.
    ///   - failuresMax: failed attempts that one address may have at once.
    init(operatorToken: String?, pool: PostgresPool?, failuresMax: Int) {
        self.state = Mutex(State(throttle: LoginThrottle(failuresMax: failuresMax)))
        self.operatorToken = operatorToken
        self.pool = pool
    }

    /// - Throws: ``AdminProblem``: 401, or 429 after too many failures.
    func caller(_ token: String, address: String?) async throws -> Caller {
        if let operatorToken, ConstantTime.areEqual(token, operatorToken) { return .operator(id: "operator") }
        let digest = SHA256Digest(of: token)
        let prefix = String(token.prefix(12))
        let now = Self.nowS()
        let wait = self.state.withLock { state in
            state.good.contains(digest)
                ? nil : state.throttle.wait(address: address ?? "", prefix: prefix, nowS: now)
        }
        if let wait {
            throw AdminProblem(
                .rateLimitExceeded, detail: "Too many failed attempts to log in; wait before the next one.",
                retryAfterSeconds: wait)
        }
        guard let found = try await self.find(token, digest) else {
            self.state.withLock { $0.throttle.failed(address: address ?? "", prefix: prefix, nowS: now) }
            throw AdminProblem(.apiKeyInvalid, detail: "The admin token is not valid.")
        }
        self.state.withLock { state in
            if state.good.count >= Self.goodMax { state.good.removeAll() }
            state.good.insert(digest)
        }
        return found
    }

    private func find(_ token: String, _ digest: SHA256Digest) async throws -> Caller? {
        guard let pool, Self.form.check(token.utf8.span) != nil else { return nil }
        let tokens = AdminTokens(pool)
        guard let found = try await tokens.find(hash: digest.hexText), found.isGood else { return nil }
        // Written once a minute at most: a read alone must not need more.
        if Self.isStale(found.token.lastUsedAt) { try await tokens.touch(found.token.id) }
        guard found.token.kind == .member else { return .operator(id: found.token.id) }
        guard let orgID = found.token.orgID, let userID = found.token.userID, let role = found.role else { return nil }
        return .member(tokenID: found.token.id, userID: userID, orgID: orgID, role: role)
    }

    private static func isStale(_ lastUsed: PostgresInstant?) -> Bool {
        lastUsed.map { $0.advanced(by: .seconds(60)) < .now } ?? true
    }

    private static func nowS() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}
