/// What PostgreSQL says to a ``DurableClaim``. `first` is the id of the request that used the key first.
public enum DurableVerdict: Sendable, Equatable {
    /// Go on: nobody else may, until this attempt settles or its lease is over.
    case claimed
    /// It was executed: here is what it gave.
    case finished(StoredResult, first: [UInt8])
    /// It runs elsewhere.
    case inProgress(first: [UInt8])
    /// The key belongs to another request.
    case keyReused(first: [UInt8])
    /// Whoever ran it has gone, and left no result.
    case outcomeUnknown(first: [UInt8])
    /// PostgreSQL cannot be asked: nothing may be executed.
    case unavailable
}
