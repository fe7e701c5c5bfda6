/// What is kept of the first execution under an idempotency key.
public enum StoredResult: Sendable, Equatable {
    /// The whole response: end-to-end header lines as they are sent, and the exact body.
    case response(status: Int, headers: [UInt8], body: [UInt8])
    /// It was too large to keep: its status, length and SHA-256.
    case unreplayable(status: Int, length: Int, sha256: [UInt8])
    /// The gateway's own final answer for an outcome of the upstream: status and problem slug.
    case failure(status: Int, slug: String)
}
