public import Domain

/// One thing that stood against a request.
public enum AdmissionRefusal: Sendable, Equatable {
    /// A bucket has too little: wait so long, or, with −1, it never will have enough.
    case bucket(name: String, scope: LimitScope, waitMs: Int)
    /// The month's quota is used up.
    case quota(meter: String, limit: Int, used: Int)
    /// As many requests are in flight as may be.
    case inFlight(name: String, scope: LimitScope, max: Int)
}
