import Foundation
import Testing

@testable import Domain

@Suite struct ProblemCatalogueTests {
    /// The table of STANDARDS §3: PD-1 holds the catalogue against it.
    static let expected: [Int: [String]] = [
        400: [
            "malformed-request", "invalid-request", "idempotency-key-missing", "idempotency-key-invalid",
            "cost-invalid",
            "multiple-credentials", "webhook-signature-invalid", "webhook-timestamp-out-of-tolerance",
        ],
        401: ["credentials-missing", "api-key-invalid", "api-key-expired", "api-key-revoked"],
        402: ["payment-required"],
        403: [
            "insufficient-scope", "insufficient-role", "feature-not-available", "organization-suspended",
            "ip-not-allowed",
        ],
        404: ["route-not-found", "resource-not-found"],
        405: ["method-not-allowed"], 406: ["not-acceptable"], 408: ["request-timeout"],
        409: [
            "idempotency-in-progress", "idempotency-result-unavailable", "idempotency-outcome-unknown", "conflict",
        ],
        411: ["length-required"], 412: ["precondition-failed"],
        413: ["content-too-large", "idempotency-body-too-large"],
        414: ["uri-too-long"], 415: ["unsupported-media-type"], 417: ["expectation-failed"],
        421: ["misdirected-request"],
        422: ["validation-failed", "idempotency-key-reused", "cost-exceeds-capacity"],
        426: ["upgrade-required"], 428: ["precondition-required"],
        429: ["rate-limit-exceeded", "quota-exceeded", "too-many-concurrent-requests"],
        431: ["header-fields-too-large"], 499: ["client-closed-request"],
        500: ["internal-error"], 501: ["not-implemented"],
        502: [
            "upstream-connect-failed", "upstream-connection-lost", "upstream-protocol-error", "upstream-truncated",
            "upstream-tls-error",
        ],
        503: [
            "overloaded", "upstream-unavailable", "limiter-unavailable", "key-lookup-unavailable",
            "records-unavailable", "shutting-down",
            "maintenance",
        ],
        504: ["upstream-timeout", "upstream-connect-timeout"], 505: ["http-version-not-supported"],
    ]

    @Test func `PD-1 every slug of the standard has its status, and there is no other`() {
        let pairs = Self.expected.flatMap { status, slugs in slugs.map { ($0, status) } }
        let actual = Dictionary(uniqueKeysWithValues: ProblemCode.allCases.map { ($0.slug, $0.status) })
        #expect(actual == Dictionary(uniqueKeysWithValues: pairs))
    }

    @Test func `the table is in the order of the cases, and an index leads there and back`() {
        #expect(ProblemKind.table.map(\.code) == ProblemCode.allCases)
        for (index, code) in ProblemCode.allCases.enumerated() {
            #expect(code.index == index)
            #expect(ProblemCode(index: index) == code)
        }
        #expect(ProblemCode(index: -1) == nil)
        #expect(ProblemCode(index: ProblemCode.allCases.count) == nil)
    }

    @Test func `PD-2 titles belong to one code each and end without a full stop`() {
        #expect(Set(ProblemCode.allCases.map(\.title)).count == ProblemCode.allCases.count)
        for code in ProblemCode.allCases { #expect(!code.title.hasSuffix(".") && !code.title.isEmpty) }
    }

    @Test(arguments: ProblemCode.allCases)
    func `PD-4 every slug has a page that says what it means`(code: ProblemCode) {
        #expect(code.detail.hasSuffix("."))
        #expect(code.help.count >= 50, "help of \(code.slug) says too little")
        let page = ProblemReference.page(code)
        #expect(page.contains(code.title) && page.contains(code.help) && page.hasPrefix("## \(code.slug)\n"))
    }

    @Test func `every 429 and 503 says when to come back`() {
        for code in ProblemCode.allCases where code.status == 429 || code.status == 503 {
            #expect(code.retryAfterSeconds ?? 0 >= 1, "\(code.slug)")
        }
        #expect(ProblemCode.idempotencyInProgress.retryAfterSeconds == 1)
        #expect(ProblemCode.costExceedsCapacity.retryAfterSeconds == nil)
    }

    @Test func `what may have taken effect is not to be retried blindly`() {
        let refused = ProblemCode.allCases.filter { $0.shouldRetry == false }.map(\.slug)
        #expect(
            refused == [
                "idempotency-result-unavailable", "idempotency-outcome-unknown", "cost-exceeds-capacity",
                "upstream-connection-lost", "upstream-truncated", "upstream-timeout",
            ])
    }

    @Test func `texts carry no quotes or controls that JSON would have to escape`() {
        for code in ProblemCode.allCases {
            for text in [code.slug, code.title, code.detail] {
                #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 < 0x7F }, "\(code.slug)")
            }
        }
    }

    @Test func `docs/errors.md is what the catalogue renders to`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/errors.md")
        let rendered = ProblemReference.document()
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try rendered.write(to: file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == rendered, "run the tests with UPDATE_GOLDEN=1 to write docs/errors.md anew")
    }
}
