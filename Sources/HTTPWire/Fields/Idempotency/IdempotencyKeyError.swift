/// Why an `Idempotency-Key` field is refused; every case is 400 `idempotency-key-invalid`.
public enum IdempotencyKeyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The field was sent more than once (IK-3).
    case repeated
    /// The value, or the string between its quotes, is empty.
    case empty
    /// The key has more than 255 bytes (IK-2).
    case tooLong
    /// It starts with a quote and is not a Structured Field String with well-formed parameters (RFC 9651).
    case malformedString
    /// A bare key holds something other than visible ASCII without `"`, `,` and `\`.
    case forbiddenByte

    /// For a problem's `detail`: what is wrong and what would be right.
    public var description: String {
        switch self {
        case .repeated: "Idempotency-Key was sent more than once; send it once."
        case .empty: "Idempotency-Key is empty; send 1 to 255 characters, a UUID for example."
        case .tooLong: "Idempotency-Key is longer than 255 characters; send a shorter one, a UUID for example."
        case .malformedString:
            "Idempotency-Key starts with a quote but is not a Structured Field string; "
                + "close the quote and escape \" and \\ inside it with \\."
        case .forbiddenByte:
            "Idempotency-Key without quotes may hold visible ASCII except \" , and \\; remove other characters."
        }
    }
}
