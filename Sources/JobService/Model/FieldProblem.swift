/// One mistake in a request, and where it is (STANDARDS §3: `errors[]`).
struct FieldProblem: Sendable, Hashable {
    /// Where in the request something is wrong.
    enum Place: Sendable, Hashable {
        /// RFC 6901 pointer into the body.
        case pointer(String)
        /// Name of a query parameter.
        case parameter(String)
        /// Name of a header field.
        case header(String)
    }

    var place: Place
    /// What was expected, for people.
    var detail: String

    var json: JSONValue {
        switch self.place {
        case .pointer(let value): ["detail": .string(self.detail), "pointer": .string(value)]
        case .parameter(let value): ["detail": .string(self.detail), "parameter": .string(value)]
        case .header(let value): ["detail": .string(self.detail), "header": .string(value)]
        }
    }
}
