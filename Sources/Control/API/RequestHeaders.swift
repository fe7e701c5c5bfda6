import Domain
import HTTPTypes

/// The header fields that operations honour.
struct RequestHeaders {
    let idempotencyKey: String?
    let ifMatch: String?

    /// - Throws: ``AdminProblem``.
    init(_ fields: HTTPFields, of operation: Operation) throws {
        self.idempotencyKey = operation.isIdempotent ? try Self.idempotencyKey(fields[values: .idempotencyKey]) : nil
        guard operation.isConditional, let tag = fields[.ifMatch] else {
            self.ifMatch = nil
            return
        }
        if let complaint = TextRule.entityTag.complaint(tag) {
            throw AdminProblem(.invalidRequest, errors: [FieldError(place: .header("If-Match"), detail: complaint)])
        }
        self.ifMatch = tag
    }

    private static func idempotencyKey(_ values: [String]) throws -> String? {
        guard let first = values.first else { return nil }
        var key = first[...]
        if key.count >= 2, key.hasPrefix("\""), key.hasSuffix("\"") { key = key.dropFirst().dropLast() }
        guard values.count == 1, TextRule.idempotencyKey.complaint(String(key)) == nil else {
            throw AdminProblem(
                .idempotencyKeyInvalid, detail: "Expected one Idempotency-Key: \(TextRule.idempotencyKey.expected).")
        }
        return String(key)
    }
}

/// What a client can read (RFC 9110 §12.5.1). Weights are not compared: an operation has hardly a choice.
enum Accepting {
    static func check(_ fields: HTTPFields, _ mediaTypes: [String]) throws {
        let wanted = fields[values: .accept].joined(separator: ",").lowercased()
        guard !wanted.allSatisfy({ $0 == " " }) else { return }
        for range in wanted.split(separator: ",") {
            let type = range.split(separator: ";").first?.filter { $0 != " " && $0 != "\t" } ?? ""
            if type == "*/*" || mediaTypes.contains(type) { return }
            if mediaTypes.contains(where: { type == "\($0.prefix { $0 != "/" })/*" }) { return }
        }
        throw AdminProblem(.notAcceptable, detail: "This answers with \(mediaTypes.joined(separator: " or ")).")
    }
}
