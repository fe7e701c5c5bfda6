import Digests

/// The idempotency side of a request: which key it claims and what it looked like.
struct KeyedRequest {
    /// SHA-256 of the key's value, whatever form it was sent in.
    let key: SHA256Digest
    /// SHA-256 over method, target, content type, configured fields and content.
    var fingerprint: SHA256Digest
    /// Names this attempt, so that only it can complete the claim.
    let owner: UInt64
    /// What the client can decode, should an answer be replayed to it.
    let codings: AcceptedCodings
}
