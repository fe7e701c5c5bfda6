/// A wish to execute under an idempotency key that PostgreSQL arbitrates too.
public struct DurableClaim: Sendable, Equatable {
    public var orgID: String
    public var environment: Environment
    /// Empty where all keys of the org share the key.
    public var apiKeyID: String
    public var request: ClaimRequest
    /// How long the claim holds without being prolonged.
    public var claimMs: Int
    /// How long the key is remembered.
    public var keepMs: Int
    /// Whether a claim whose holder has gone may be taken over: the upstream honours the key itself.
    public var mayRepeat: Bool

    public init(
        orgID: String, environment: Environment, apiKeyID: String, request: ClaimRequest, claimMs: Int, keepMs: Int,
        mayRepeat: Bool
    ) {
        self.orgID = orgID
        self.environment = environment
        self.apiKeyID = apiKeyID
        self.request = request
        self.claimMs = claimMs
        self.keepMs = keepMs
        self.mayRepeat = mayRepeat
    }
}
