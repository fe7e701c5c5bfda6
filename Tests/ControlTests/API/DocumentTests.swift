import Foundation
import Testing

@testable import Control

/// What is written about the API is what it does.
struct DocumentTests {
    @Test func `docs/openapi.json is what the operations render to`() throws {
        try Self.compare(OpenAPIDocument.render(AdminAPI.operations).pretty, "docs/openapi.json")
    }

    @Test func `docs/admin-api.md is what the operations render to`() throws {
        try Self.compare(AdminReference.document(AdminAPI.operations), "docs/admin-api.md")
    }

    @Test func `every operation has a name and a route of its own, and its path parameters are known`() {
        #expect(Set(AdminAPI.operations.map(\.id)).count == AdminAPI.operations.count)
        #expect(Set(AdminAPI.operations.map { "\($0.method) \($0.path)" }).count == AdminAPI.operations.count)
        for operation in AdminAPI.operations {
            for name in operation.pathParameters {
                #expect(PathParameters.rules[name] != nil, "\(operation.id) \(name)")
            }
        }
    }

    @Test func `the document is served without a token, and every operation in it answers`() async throws {
        try await AdminWorld.with { world in
            let served = try await world.send("GET", "/openapi.json", as: nil)
            #expect(served.status == 200)
            #expect(served.json == OpenAPIDocument.render(AdminAPI.operations))
            for operation in AdminAPI.operations {
                let path = RoleTests.path(operation, org: world.org.id)
                let wrong = try await world.send("TRACE", path)
                #expect(wrong.status == 405, "\(operation.id): \(wrong)")
                #expect(wrong.fields["allow"]?.contains("\(operation.method)") == true, "\(operation.id): \(wrong)")
            }
        }
    }

    static func compare(_ rendered: String, _ path: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: path)
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try rendered.write(to: file, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == rendered, "run the tests with UPDATE_GOLDEN=1 to write \(path) anew")
    }
}
