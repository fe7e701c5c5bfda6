import Domain

/// Reads a query strictly: known parameters only, each once, each as its schema says.
enum QueryReader {
    /// - Throws: ``AdminProblem`` 400 with everything that is wrong.
    static func read(_ query: String?, _ parameters: [Parameter]) throws -> [String: JSON] {
        var values: [String: JSON] = [:]
        var errors: [FieldError] = []
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentCoding.decode(parts[0], plusIsSpace: true),
                let text = PercentCoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else {
                throw AdminProblem(.invalidRequest, detail: "The query is not percent-encoded UTF-8.")
            }
            func refuse(_ detail: String) {
                errors.append(FieldError(place: .parameter(String(name.prefix(100))), detail: detail))
            }
            guard let parameter = parameters.first(where: { $0.name == name }) else {
                let known = parameters.map(\.name).joined(separator: ", ")
                refuse("there is no such parameter; known are: \(known.isEmpty ? "none" : known)")
                continue
            }
            guard values[name] == nil else {
                refuse("stands twice")
                continue
            }
            guard let value = parameter.schema.value(ofParameter: text) else {
                refuse("expected \(parameter.schema.kind)")
                continue
            }
            for error in parameter.schema.errors(value) { refuse(error.detail) }
            values[name] = value
        }
        guard errors.isEmpty else { throw AdminProblem(.invalidRequest, errors: errors) }
        return values
    }
}

/// Percent-encoding (RFC 3986 §2.1).
enum PercentCoding {
    /// nil for half an escape, and for bytes that are no UTF-8.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(Self.digit), let low = rest.popFirst().flatMap(Self.digit)
                else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        Character(Unicode.Scalar(byte)).hexDigitValue.flatMap { UInt8(exactly: $0) }
    }
}
