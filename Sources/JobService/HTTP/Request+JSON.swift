import HTTPTypes
import Hummingbird

extension Request {
    /// Reads a JSON body of bounded size.
    /// - Throws: ``Problem`` with 400, 413 or 415.
    func json(bytesMax: Int) async throws -> JSONValue {
        if let type = self.headers[.contentType] {
            let essence = type.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
            guard essence == "application/json" || essence.hasSuffix("+json") else {
                throw Problem(.unsupportedMediaType, "The body is `\(essence.prefix(100))`; send application/json.")
            }
        }
        var bytes: [UInt8] = []
        for try await buffer in self.body {
            guard bytes.count + buffer.readableBytes <= bytesMax else {
                var problem = Problem(.contentTooLarge, "The body is larger than \(bytesMax) bytes.")
                problem.members["limit_bytes"] = .integer(bytesMax)
                throw problem
            }
            bytes.append(contentsOf: buffer.readableBytesView)
        }
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw Problem(
                .invalidRequest, "The body is not JSON.",
                errors: [FieldProblem(place: .pointer(""), detail: "expected one JSON object in UTF-8")])
        }
    }
}
