/// Comparison of secrets. Used wherever bytes are compared with something that must not be guessed byte by byte:
/// webhook signatures, admin tokens, password hashes. Digests compare themselves this way already.
public enum ConstantTime {
    /// Whether two byte strings are equal; the duration depends on their lengths only, which are not secret.
    @inline(never)
    public static func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in 0..<left.count { difference |= left[index] ^ right[index] }
        return difference == 0
    }

    /// Whether two texts have the same UTF-8, in a time that depends on their lengths only.
    public static func areEqual(_ left: String, _ right: String) -> Bool {
        self.areEqual(left.utf8.span, right.utf8.span)
    }
}
