/// What becomes of a ``DurableClaim`` that was granted. Takes effect once, and only for the attempt that holds the claim.
public struct DurableSettlement: Sendable, Equatable {
    public enum Ending: Sendable, Equatable {
        case store(StoredResult)
        /// The key may be used afresh.
        case release
        /// It still runs.
        case prolong
    }

    public var claim: DurableClaim
    public var ending: Ending

    public init(claim: DurableClaim, ending: Ending) {
        self.claim = claim
        self.ending = ending
    }

    /// Bytes that it carries, for whoever bounds a queue of them.
    public var byteCount: Int {
        guard case .store(.response(_, let headers, let body)) = self.ending else { return 256 }
        return 256 + headers.count + body.count
    }
}
