/// A response taken apart.
struct RawResponse {
    let status: Int
    let fields: [(name: String, value: String)]
    var body: [UInt8] = []
    var isComplete = true
    /// Trailer lines of a chunked body.
    var trailers: [String] = []

    init?(head: String) {
        // CR LF is one Character, so the end is cut off as bytes.
        let text = String(decoding: head.utf8.dropLast(4), as: UTF8.self)
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        guard let line = lines.popFirst(), let status = Int(line.dropFirst(9).prefix(3)) else { return nil }
        self.status = status
        self.fields = lines.compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return (String(line[..<colon]).lowercased(), String(value))
        }
    }

    /// The value of the first line of this (lower-case) name.
    subscript(name: String) -> String? { self.fields.first { $0.name == name }?.value }

    func all(_ name: String) -> [String] { self.fields.filter { $0.name == name }.map(\.value) }

    var text: String { String(decoding: self.body, as: UTF8.self) }

    /// The problem document; nil where the answer is none.
    var problem: [String: any Sendable]? {
        guard self["content-type"] == "application/problem+json" else { return nil }
        return JSONText(self.body).object
    }

    /// The problem's code; nil where the answer is none.
    var code: String? { self.problem?["code"] as? String }
}
