/// What was decided about requests.
public enum AdmissionOutcome: Sendable, Equatable {
    /// The first so many (≥ 1) are admitted; the others are refused.
    case admitted(Int)
    /// A limit, a quota or a cap on requests in flight stood against all of them; nothing was taken.
    case refused
    /// The principal's records have changed since they were read; nothing was decided.
    case stale
    /// The month that quotas were asked for is not the one that Redis's clock shows; nothing was decided.
    case periodOver
    /// The key's first execution is done: this is its result. `first` is the id of the request that made it.
    case replay(StoredResult, first: [UInt8])
    /// The first execution is still running.
    case inProgress(first: [UInt8])
    /// The key was used for another request.
    case keyReused(first: [UInt8])
    /// Who executed first has vanished, and whether the upstream acted is unknown.
    case outcomeUnknown(first: [UInt8])
}
