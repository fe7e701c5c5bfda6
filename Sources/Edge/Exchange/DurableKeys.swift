public import Domain

/// How the edge reaches the record layer's arbiter of idempotency keys, on routes that are `durable`. The edge never
/// waits for it on the loop: the answer comes back as an event.
public struct DurableKeys: Sendable {
    /// Asks for a claim. Called on a loop; the answer is given once, from anywhere.
    public let claim: @Sendable (DurableClaim, @escaping @Sendable (DurableVerdict) -> Void) -> Void
    /// Takes over what becomes of a granted claim, and sees that it is written. Called on a loop; does not wait.
    public let settle: @Sendable (DurableSettlement) -> Void
    /// How long a request waits for the answer to its claim; beyond it, it is refused.
    public let deadlineMs: Int

    public init(
        claim: @escaping @Sendable (DurableClaim, @escaping @Sendable (DurableVerdict) -> Void) -> Void,
        settle: @escaping @Sendable (DurableSettlement) -> Void, deadlineMs: Int = 2_000
    ) {
        self.claim = claim
        self.settle = settle
        self.deadlineMs = deadlineMs
    }
}
