/// Takes credentials out of log lines (OB-5). No code logs one on purpose; this is for the address with a password in
/// it that some error quotes.
enum Redaction {
    /// The text with API keys cut to their display prefix and passwords of URLs replaced.
    static func masked(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "_")) || text.utf8.contains(UInt8(ascii: "@")) else { return text }
        return Self.withoutPasswords(Self.withoutKeys(text))
    }

    /// `<brand>_live_<38 characters>`: anything of at least 20 characters counts, so that a cut key is found too.
    private static func withoutKeys(_ text: String) -> String {
        var result = text
        for marker in ["_live_", "_test_"] {
            var position = result.startIndex
            while let found = result[position...].firstRange(of: marker) {
                let secret = result[found.upperBound...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
                guard secret.count >= 20 else {
                    position = found.upperBound
                    continue
                }
                let offset = result.utf8.distance(from: result.startIndex, to: found.upperBound)
                result.replaceSubrange(secret.startIndex..<secret.endIndex, with: "\(secret.prefix(3))...")
                position = result.utf8.index(result.startIndex, offsetBy: offset)
            }
        }
        return result
    }

    /// `scheme://user:password@`
    private static func withoutPasswords(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let found = rest.firstRange(of: "://") {
            result += rest[..<found.upperBound]
            rest = rest[found.upperBound...]
            let authority = rest.prefix { !"/?# \"'\n".contains($0) }
            guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
                continue
            }
            result += "\(authority[..<colon]):***"
            rest = rest[at...]
        }
        return result + rest
    }
}
