/// A list of texts as one text, whatever they contain: each as its length in bytes, a colon, and itself.
enum TextList {
    static func encode(_ texts: [String]) -> String {
        texts.map { "\($0.utf8.count):\($0)" }.joined()
    }

    /// nil when it is not such a list.
    static func decode(_ text: String) -> [String]? {
        var rest = Substring(text).utf8
        var texts: [String] = []
        while !rest.isEmpty {
            guard let colon = rest.firstIndex(of: UInt8(ascii: ":")), let length = Int(Substring(rest[..<colon])),
                length >= 0
            else { return nil }
            rest = rest[colon...].dropFirst()
            guard let end = rest.index(rest.startIndex, offsetBy: length, limitedBy: rest.endIndex),
                let item = String(rest[..<end])
            else { return nil }
            texts.append(item)
            rest = rest[end...]
        }
        return texts
    }
}
