import Records

/// What several records have in common.
enum RecordText {
    static let roles = MembershipRole.allCases.map(\.rawValue)
    static let environments = ["live", "test"]
    /// Ten years.
    static let secondsMax: Int64 = 315_360_000

    /// A slug for a name: lower-case letters and digits, everything else a single hyphen, and a few characters of the
    /// id, so that nobody else has it.
    static func slug(for name: String, id: String) -> String {
        let words = name.lowercased().unicodeScalars.split { scalar in
            !(("a"..."z").contains(scalar) || ("0"..."9").contains(scalar))
        }
        let slug = words.map { String(String.UnicodeScalarView($0)) }.joined(separator: "-").prefix(40)
        let tail = id.suffix(10).lowercased()
        let trimmed = String(slug.hasSuffix("-") ? slug.dropLast() : slug)
        return trimmed.isEmpty ? "org-\(tail)" : "\(trimmed)-\(tail)"
    }
}
