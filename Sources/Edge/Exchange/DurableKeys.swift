public import Domain

/// How the edge reaches the record layer's arbiter of idempotency keys, on routes that are `durable`. The edge never
/// waits for it on the loop: the answer comes back as an event.
public struct DurableKeys: Sendable {
    /// Asks for a claim, for a request that waits so many milliseconds. Called on a loop; the answer is given once, from
    /// anywhere.
    public let claim: @Sendable (DurableClaim, Int, @escaping @Sendable (DurableVerdict) -> Void) -> Void
    /// Takes over what becomes of a claim. When it returns, that is written down in a file that outlives the process, and
    /// will reach PostgreSQL. Called on a loop; waits for nobody but the file.
    public let settle: @Sendable (DurableSettlement) -> Void

    public init(
        claim: @escaping @Sendable (DurableClaim, Int, @escaping @Sendable (DurableVerdict) -> Void) -> Void,
        settle: @escaping @Sendable (DurableSettlement) -> Void
    ) {
        self.claim = claim
        self.settle = settle
    }
}
