/// Why a bcrypt hash could not be read, made or checked.
public enum BcryptError: Error, Equatable, CustomStringConvertible {
    /// The text is not a bcrypt hash.
    case malformedHash
    /// The hash's cost is one that would occupy a thread for too long, or that bcrypt does not have.
    case costOutOfRange(Int)
    /// bcrypt ignores what follows byte 72, so two such passwords could count as one.
    case passwordTooLong(Int)
    /// bcrypt stops at a NUL byte, so two such passwords could count as one.
    case passwordContainsNUL
    /// The system's crypt library has no bcrypt, or is out of memory.
    case unavailable

    /// What, what was expected, how to mend it.
    public var description: String {
        switch self {
        case .malformedHash:
            "Not a bcrypt hash: expected $2a$, $2b$ or $2y$, a two-digit cost, $, and 53 characters of ./A-Za-z0-9."
        case .costOutOfRange(let cost):
            "bcrypt cost \(cost) is outside \(BcryptHash.costs.lowerBound)-\(BcryptHash.costs.upperBound); "
                + "hash the key again with a cost in that range."
        case .passwordTooLong(let count):
            "\(count) bytes are too many for bcrypt, which reads \(BcryptHash.passwordBytesMax); use SHA-256."
        case .passwordContainsNUL:
            "A NUL byte ends the password for bcrypt; remove it."
        case .unavailable:
            "The system's crypt library refused to compute bcrypt; check that libcrypt.so.1 is libxcrypt."
        }
    }
}
