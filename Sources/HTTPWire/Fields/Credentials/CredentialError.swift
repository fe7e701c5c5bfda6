/// Why a request's head names no usable credential. None of them holds a byte of what was sent.
public enum CredentialError: Error, Equatable, Sendable {
    /// Nothing was sent, or only a scheme that is not known here: 401 with a bare challenge (RFC 6750 §3.1).
    case missing
    /// One credential was sent in a way this route does not take: 401 with a bare challenge.
    case notAccepted(CredentialSource)
    /// One was sent and cannot be a key: 401 `invalid_token`, the same answer as for a key nobody has.
    case malformed
    /// More than one was sent, or one field twice: 400 `invalid_request`.
    case multiple
    /// The key was put in the query string, where logs and caches keep it: 401.
    case inQuery
}
