import Hummingbird

/// Reads query parameters and collects every mistake in them.
struct QueryReader {
    private let request: Request
    private var problems: [FieldProblem] = []

    init(_ request: Request) { self.request = request }

    /// A parameter read by `parse`; nil where it is absent. `expected` says what would be right.
    mutating func value<Value>(_ name: String, expected: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = self.request.uri.queryParameters.get(name) else { return nil }
        let value = parse(text)
        if value == nil { self.problems.append(FieldProblem(place: .parameter(name), detail: "expected \(expected)")) }
        return value
    }

    /// A whole number within bounds.
    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        self.value(name, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// - Throws: ``Problem`` with everything that was wrong.
    func finish() throws(Problem) {
        guard self.problems.isEmpty else {
            throw Problem(.invalidRequest, "A query parameter is not valid.", errors: self.problems)
        }
    }
}
