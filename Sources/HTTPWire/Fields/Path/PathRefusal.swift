/// Why a request's path is refused; every case is 400 `malformed-request`.
public enum PathRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// The path does not begin with `/`.
    case notAbsolute
    /// A byte that a path may not hold: control, space, DEL, `#`, `?`, `\`, or anything above ASCII.
    case forbiddenByte
    /// `%` without two hex digits.
    case malformedEscape
    /// An encoded slash, backslash or control byte: `%2F`, `%5C`, `%00`–`%1F`, `%7F`.
    case forbiddenEscape
    /// A segment `.` or `..`, encoded or not, with or without `;` parameters.
    case dotSegment
    /// Two slashes in a row.
    case emptySegment

    /// For a problem's `detail`: what is wrong and what would be right.
    public var description: String {
        switch self {
        case .notAbsolute: "The path must begin with a slash."
        case .forbiddenByte: "The path holds a byte that must be percent-encoded or left out."
        case .malformedEscape: "A percent sign in the path must be followed by two hex digits; write %25 for itself."
        case .forbiddenEscape: "The path encodes a slash, backslash or control character, which is not accepted."
        case .dotSegment: "The path has a segment . or ..; send the resolved path."
        case .emptySegment: "The path has two slashes in a row; send one."
        }
    }
}
