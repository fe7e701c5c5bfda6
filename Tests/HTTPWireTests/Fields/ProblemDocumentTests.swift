import Foundation
import HTTPWire
import NIOCore
import Testing

@Suite struct ProblemDocumentTests {
    private func problem(detail: String? = nil, _ extensions: [ProblemDocument.Extension] = []) -> ProblemDocument {
        ProblemDocument(
            typeBase: "urn:tollgate:problem:", code: "rate-limit-exceeded", title: "Rate limit exceeded", status: 429,
            detail: detail, requestID: "req_01J", extensions: extensions)
    }

    private func decoded(_ problem: ProblemDocument) throws -> [String: Any] {
        let json = FieldTesting.bytes { problem.append(to: &$0) }
        return try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
    }

    @Test func `the example of the error reference`() {
        var document = problem(
            detail: "Bucket 'burst' allows 100 requests per 60 s with bursts of 20.",
            [.init("violated_policies", .strings(["burst"])), .init("retry_after_ms", .integer(600))])
        document.instance = "urn:uuid:0190"
        #expect(
            FieldTesting.render { document.append(to: &$0) }
                == #"{"type":"urn:tollgate:problem:rate-limit-exceeded","title":"Rate limit exceeded","status":429,"#
                + #""detail":"Bucket 'burst' allows 100 requests per 60 s with bursts of 20.","instance":"urn:uuid:0190","#
                + #""code":"rate-limit-exceeded","request_id":"req_01J","violated_policies":["burst"],"retry_after_ms":600}"#
        )
    }

    @Test func `PD-2 the title is the same for two occurrences`() throws {
        let first = try decoded(problem(detail: "one"))
        let second = try decoded(problem(detail: "two"))
        #expect(first["title"] as? String == second["title"] as? String)
        #expect(first["type"] as? String == second["type"] as? String)
        #expect(first["detail"] as? String != second["detail"] as? String)
        #expect(first["code"] as? String == "rate-limit-exceeded")
        #expect(first["status"] as? Int == 429)
        #expect(first["request_id"] as? String == "req_01J")
    }

    @Test func `PD-3 the content type is exact`() {
        #expect("\(ProblemDocument.contentType)" == "application/problem+json")
    }

    @Test func `extension members of every kind`() throws {
        let members = try decoded(
            problem([
                .init("limit_bytes", .integer(-5)), .init("original_request_id", .string("req_\"x\"")),
                .init("empty_list", .strings([])), .init("raw_header", .bytes([0x61, 0xFF, 0x00])),
                .init(
                    "errors",
                    .errors([
                        .init(detail: "too small", place: .pointer("#/limits/0")),
                        .init(detail: "unknown", place: .parameter("page")),
                        .init(detail: "missing", place: .header("Idempotency-Key")),
                    ])),
            ]))
        #expect(members["limit_bytes"] as? Int == -5)
        #expect(members["original_request_id"] as? String == "req_\"x\"")
        #expect((members["empty_list"] as? [String])?.isEmpty == true)
        #expect(members["raw_header"] as? String == "a\u{FFFD}\u{0}")
        let errors = try #require(members["errors"] as? [[String: String]])
        #expect(
            errors == [
                ["detail": "too small", "pointer": "#/limits/0"], ["detail": "unknown", "parameter": "page"],
                ["detail": "missing", "header": "Idempotency-Key"],
            ])
    }

    @Test func `names that are reserved, repeated or not allowed are left out`() throws {
        let document = problem([
            .init("status", .integer(200)), .init("ab", .integer(1)), .init("9abc", .integer(1)),
            .init("with-dash", .integer(1)), .init("quo\"te", .integer(1)), .init("\u{e9}\u{e9}\u{e9}", .integer(1)),
            .init("good_1", .integer(1)), .init("good_1", .integer(2)),
        ])
        let members = try decoded(document)
        #expect(Set(members.keys) == ["type", "title", "status", "code", "request_id", "good_1"])
        #expect(members["status"] as? Int == 429)
        #expect(members["good_1"] as? Int == 1)
    }

    @Test func `PD-5 on an event stream it is one error event`() {
        let event = FieldTesting.render { problem(detail: "two\nlines\r\nof text").appendEvent(to: &$0) }
        #expect(event.hasPrefix("event: error\ndata: {\"type\":"))
        #expect(event.hasSuffix("}\n\n"))
        #expect(event.utf8.filter { $0 == 0x0A }.count == 3)
        #expect(event.utf8.filter { $0 == 0x0D }.count == 0)
    }

    @Test func `strings of any bytes become valid JSON that means the same`() throws {
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            // Lead and continuation bytes often, so that sequences of all lengths break off everywhere.
            let pool: [UInt8] = [
                0x22, 0x5C, 0x00, 0x1F, 0x7F, 0x0A, 0x61, 0xC3, 0xBC, 0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80, 0xED,
                0xA0, 0xF4, 0x90, 0xC0, 0xE0, 0xFF,
            ]
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in pool.randomElement(using: &random) ?? 0
            }
            let json = FieldTesting.bytes { JSONText.appendString(bytes.span, to: &$0) }
            let text = try #require(
                try JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed) as? String,
                "seed \(seed)")
            #expect(
                Array(text.unicodeScalars) == Array(String(decoding: bytes, as: UTF8.self).unicodeScalars),
                "seed \(seed)")
            #expect(!json.contains { $0 < 0x20 }, "seed \(seed)")
        }
    }

    @Test func `integers of all sizes`() {
        for value in [0, 9, 10, -1, 12_345, .max, .min] {
            #expect(FieldTesting.render { JSONText.appendInteger(value, to: &$0) } == "\(value)")
        }
    }
}
