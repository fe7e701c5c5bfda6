import Foundation
import FoundationNetworking
import Testing

@testable import Control

/// An answer of the API.
struct AdminAnswered: Sendable, CustomStringConvertible {
    let status: Int
    let fields: [String: String]
    let text: String
    let json: JSON

    var code: String? { self.json["code"]?.text }
    var etag: String { self.fields["etag"] ?? "" }
    var description: String { "\(self.status) \(self.text)" }
}

extension AdminWorld {
    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 300
        configuration.httpMaximumConnectionsPerHost = 64
        return URLSession(configuration: configuration)
    }()

    /// Sends a request, and holds the answer against what the API's document says of the operation.
    func send(
        _ method: String, _ path: String, as token: String? = AdminWorld.operatorToken, _ body: JSON? = nil,
        raw: Data? = nil, fields: [String: String] = [:]
    ) async throws -> AdminAnswered {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(self.port)\(path)")))
        request.httpMethod = method
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        if body != nil || raw != nil { request.setValue("application/json", forHTTPHeaderField: "Content-Type") }
        for (name, value) in fields { request.setValue(value, forHTTPHeaderField: name) }
        request.httpBody = raw ?? body.map { Data($0.encoded.utf8) }
        let (data, response) = try await Self.session.data(for: request)
        let head = try #require(response as? HTTPURLResponse)
        let pairs = head.allHeaderFields.map { ("\($0.key)".lowercased(), "\($0.value)") }
        let isJSON = "\(head.allHeaderFields["Content-Type"] ?? "")".hasSuffix("json")
        let answer = AdminAnswered(
            status: head.statusCode, fields: Dictionary(pairs) { first, _ in first },
            text: String(decoding: data, as: UTF8.self), json: isJSON ? try JSONParser.parse(Array(data)) : .null)
        Self.check(answer, method, path)
        return answer
    }

    /// The status is documented, the body is as the schema says, a change that has an ETag sends it.
    private static func check(_ answer: AdminAnswered, _ method: String, _ path: String) {
        let plain = path.split(separator: "?").first.map(String.init) ?? path
        let operation = AdminAPI.operations.first { operation in
            let (pattern, actual) = (operation.path.split(separator: "/"), plain.split(separator: "/"))
            return "\(operation.method)" == method && pattern.count == actual.count
                && zip(pattern, actual).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        guard let operation else { return }
        if answer.status == operation.answer.status {
            if let schema = operation.answer.schema, answer.fields["content-type"] == "application/json" {
                #expect(schema.errors(answer.json) == [], "\(operation.id): \(answer)")
            }
            #expect(!operation.answer.hasLocation || answer.fields["location"] != nil, "\(operation.id)")
        } else {
            #expect(operation.problemStatuses.contains(answer.status), "\(operation.id): \(answer)")
            #expect(Schema.object(OpenAPIDocument.problem).errors(answer.json) == [], "\(operation.id): \(answer)")
            #expect(answer.fields["content-type"] == "application/problem+json")
        }
    }
}
