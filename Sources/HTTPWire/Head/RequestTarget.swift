/// The four forms of a request-target (RFC 9112 §3.2).
public enum TargetForm: UInt8, Sendable {
    /// A path, perhaps with a query.
    case origin
    /// A whole URI. Its authority replaces Host.
    case absolute
    /// `*`: the server itself. OPTIONS only.
    case asterisk
    /// A host and a port. CONNECT only.
    case authority
}

/// A request-target taken apart. Nothing is decoded or normalised.
public struct RequestTarget: Sendable, Hashable {
    /// The form that was sent.
    public internal(set) var form = TargetForm.origin
    /// All of it.
    public internal(set) var whole = ByteRange()
    /// The path. Empty for the forms without one, and for an absolute form such as `http://a.example`, whose path is
    /// `/` (or `*` if the method is OPTIONS and there is no query).
    public internal(set) var path = ByteRange()
    /// What follows the first `?`; empty also when there is none.
    public internal(set) var query = ByteRange()
    /// Path, `?` and query as one run: what an origin-form target to an upstream repeats.
    public internal(set) var pathAndQuery = ByteRange()
    /// Host and port of an absolute or authority form; empty for the others.
    public internal(set) var authority = ByteRange()

    init() {}

    /// Takes `whole` apart; `queryMark` is the offset of its first `?`, or its end. Nil if it has none of the forms.
    init?(_ bytes: Span<UInt8>, _ whole: ByteRange, queryMark: Int, method: Method) {
        self.whole = whole
        if method == .connect {
            self.form = .authority
            self.authority = whole
        } else if bytes[whole.start] == Byte.slash {
            self.setPath(whole.start, queryMark)
        } else if whole.count == 1, bytes[whole.start] == 0x2A {
            self.form = .asterisk
        } else {
            guard let afterScheme = Self.afterScheme(bytes, whole) else { return nil }
            self.form = .absolute
            var slash = afterScheme
            while slash < queryMark, bytes[slash] != Byte.slash { slash &+= 1 }
            self.authority = ByteRange(afterScheme, slash)
            self.setPath(slash, queryMark)
        }
    }

    private mutating func setPath(_ start: Int, _ queryMark: Int) {
        let end = self.whole.end
        self.path = ByteRange(start, queryMark)
        self.pathAndQuery = ByteRange(start, end)
        self.query = ByteRange(min(queryMark &+ 1, end), end)
    }

    private static func afterScheme(_ bytes: Span<UInt8>, _ whole: ByteRange) -> Int? {
        if whole.count > 7, bytes.matches(ByteRange(whole.start, whole.start &+ 7), lowercase: "http://") {
            return whole.start &+ 7
        }
        if whole.count > 8, bytes.matches(ByteRange(whole.start, whole.start &+ 8), lowercase: "https://") {
            return whole.start &+ 8
        }
        return nil
    }
}
