import Digests
import Domain
import HTTPTypes
import PostgresClient
import Records

/// The Idempotency-Key of one request (STANDARDS §1).
struct Replay: Sendable {
    let key: String
    /// The token: another one's keys are other keys.
    let caller: String
    /// The token itself: seals what is stored.
    let secret: String
    let fingerprint: String

    static func fingerprint(_ method: HTTPRequest.Method, _ target: String, _ body: [UInt8]) -> String {
        SHA256Digest(of: (Array("\(method.rawValue) \(target)\n".utf8) + body).span).hexText
    }

    /// Claims the key for this transaction.
    ///
    /// - Returns: the answer of the first request, if there was one.
    /// - Throws: 409 while it runs, 422 if it was another request.
    func find(_ session: PostgresSession) async throws -> Reply? {
        let replays = AdminReplays(session)
        guard try await replays.claim(self.key, of: self.caller) else { throw AdminProblem(.idempotencyInProgress) }
        guard let stored = try await replays.find(self.key, of: self.caller) else { return nil }
        guard stored.fingerprint == self.fingerprint else { throw AdminProblem(.idempotencyKeyReused) }
        let text = String(decoding: self.sealed(stored.body, nonce: stored.nonce), as: UTF8.self)
        return Reply(status: stored.status, text: text, location: stored.location)
    }

    func keep(_ reply: Reply, _ session: PostgresSession) async throws {
        let nonce = SecureRandom.bytes(16)
        try await AdminReplays(session).keep(
            AdminReplays.Stored(
                fingerprint: self.fingerprint, status: reply.status, location: reply.location, nonce: nonce,
                body: self.sealed(Array(reply.text.utf8), nonce: nonce)),
            for: self.key, of: self.caller)
    }

    /// XORs with a stream of HMAC-SHA-256 blocks over nonce and counter, keyed by the caller's token: an answer may hold
    /// an API key, which the database must not know. Sealing twice opens.
    private func sealed(_ bytes: [UInt8], nonce: [UInt8]) -> [UInt8] {
        let stream = HMACSHA256(key: Array("tollgate replay \(self.secret)".utf8).span)
        var result = bytes
        for start in stride(from: 0, to: bytes.count, by: 32) {
            let counter = UInt64(start / 32)
            let input = nonce + (0..<8).map { UInt8(truncatingIfNeeded: counter >> (8 * UInt64($0))) }
            let block = stream.code(for: input.span).bytes
            for offset in 0..<min(32, bytes.count - start) { result[start + offset] ^= block[offset] }
        }
        return result
    }
}
