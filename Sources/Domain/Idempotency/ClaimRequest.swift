/// A request's wish to be the one that executes under its idempotency key.
public struct ClaimRequest: Sendable, Equatable {
    /// SHA-256 of the key's value, in lower-case hexadecimal.
    public var keyDigest: [UInt8]
    /// What must be equal for a repetition to be one.
    public var fingerprint: [UInt8]
    /// Names the attempt: settle and heartbeat must show it.
    public var owner: [UInt8]
    public var requestID: [UInt8]

    /// Each of the last three has at most 255 bytes.
    public init(keyDigest: [UInt8], fingerprint: [UInt8], owner: [UInt8], requestID: [UInt8]) {
        self.keyDigest = keyDigest
        self.fingerprint = fingerprint
        self.owner = owner
        self.requestID = requestID
    }
}
