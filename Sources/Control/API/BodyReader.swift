import Domain
import HTTPTypes
import Hummingbird
import NIOCore

/// Reads a JSON body and checks it against its schema.
enum BodyReader {
    /// Larger than any record needs.
    static let bytesMax = 256 * 1024

    /// - Returns: an empty object where no body is expected.
    /// - Throws: ``AdminProblem``: 400 for what is no JSON, 413, 415, 422 with everything that does not fit.
    static func read(_ request: Request, _ schema: Schema?) async throws -> (value: JSON, bytes: [UInt8]) {
        let buffer: ByteBuffer
        do {
            buffer = try await request.body.collect(upTo: Self.bytesMax)
        } catch is NIOTooManyBytesError {
            throw AdminProblem(.contentTooLarge, detail: "A body may have \(Self.bytesMax) bytes.")
        }
        let bytes = Array(buffer.readableBytesView)
        guard let schema else {
            guard bytes.isEmpty else { throw AdminProblem(.invalidRequest, detail: "This takes no body.") }
            return (.object([]), [])
        }
        try Self.checkType(request.headers)
        let value: JSON
        do {
            value = try JSONParser.parse(bytes)
        } catch {
            throw AdminProblem(
                .invalidRequest, detail: "The body is not JSON: \(error.reason), at byte \(error.offset).")
        }
        let errors = schema.errors(value)
        guard errors.isEmpty else { throw AdminProblem(.validationFailed, errors: errors) }
        return (value, bytes)
    }

    private static func checkType(_ fields: HTTPFields) throws {
        let parts = (fields[.contentType] ?? "").lowercased().split(separator: ";").map { $0.filter { $0 != " " } }
        let charset = parts.dropFirst().first { $0.hasPrefix("charset=") }?.dropFirst("charset=".count)
        let isUTF8 = charset.map { ["utf-8", "\"utf-8\""].contains($0) } ?? true
        guard parts.first == "application/json", isUTF8, fields[.contentEncoding] == nil else {
            throw AdminProblem(.unsupportedMediaType)
        }
    }
}
