import Domain
import TestKit
import Testing

@testable import Edge

/// Which requests carry a key, and which keys are keys: IK-1 to IK-4, IK-29.
@Suite struct KeyFormTests {
    @Test func `IK-1 the quoted and the bare form of one value are the same key`() async throws {
        try await KeyedScene.with { scene in
            let first = try scene.send(key: "7f9c-42")
            #expect(first?.status == 200)
            #expect(first?.isReplay == false)
            let second = try scene.send(key: "\"7f9c-42\"")
            #expect(second?.isReplay == true)
            #expect(second?.body == first?.body)
            #expect(try scene.send(key: "\"7f9c-42\";p=1")?.isReplay == true)
            #expect(scene.executions == 1)
            // As it was sent: an upstream that knows keys sees the client's.
            #expect(scene.upstream.requests.first?["idempotency-key"] == "7f9c-42")
        }
    }

    @Test func `IK-2 a key of 255 bytes is honoured, one of 256 is 400 and not forwarded`() async throws {
        try await KeyedScene.with { scene in
            let longest = String(repeating: "k", count: 255)
            #expect(try scene.send(key: longest)?.status == 200)
            #expect(try scene.send(key: "\"\(longest)\"")?.isReplay == true)
            for key in [longest + "k", "\"\(longest)k\"", "", "\"\"", "a,b", "a b", "\"open"] {
                let refused = try scene.send(key: key)
                #expect(refused?.status == 400, "\(key)")
                #expect(refused?.code == "idempotency-key-invalid", "\(key)")
            }
            #expect(scene.executions == 1)
            #expect(try await scene.claims().count == 1)
        }
    }

    @Test func `IK-3 two key lines are 400, even when they are equal`() async throws {
        try await KeyedScene.with { scene in
            for second in ["one", "two"] {
                let refused = try scene.send(key: "one", fields: "Idempotency-Key: \(second)\r\n")
                #expect(refused?.status == 400)
                #expect(refused?.code == "idempotency-key-invalid")
            }
            #expect(scene.executions == 0)
        }
    }

    @Test func `IK-4 where the route requires a key, a request without one is 400 and says where to read on`()
        async throws
    {
        try await KeyedScene.with(
            policy: { $0.required = true },
            configuration: { $0.errors.documentationURL = "https://docs.example.com/idempotency" }
        ) { scene in
            let refused = try scene.send(key: nil)
            #expect(refused?.status == 400)
            #expect(refused?.code == "idempotency-key-missing")
            #expect(
                refused?["link"]
                    == "<https://docs.example.com/idempotency>; rel=\"describedby\"; type=\"text/html\"")
            #expect(scene.executions == 0)
            #expect(try scene.send(key: "k")?.status == 200)
            // A safe method needs none.
            #expect(try scene.send("GET", key: nil, body: "")?.status == 200)
        }
    }

    @Test(arguments: ["GET", "HEAD", "OPTIONS"])
    func `IK-29 a safe method with a key is forwarded each time and claims nothing`(_ method: String) async throws {
        try await KeyedScene.with(policy: { $0.methods = ["POST", "GET", "HEAD", "OPTIONS"] }) { scene in
            for count in 1...2 {
                let request = scene.request(method, key: "k", body: "")
                let answer = try scene.edge.exchange(request, head: method == "HEAD")
                #expect(answer?.status == 200)
                #expect(answer?.isReplay == false)
                #expect(scene.executions == count)
            }
            #expect(scene.upstream.requests.last?["idempotency-key"] == "k")
            #expect(try await scene.claims().isEmpty)
        }
    }

    @Test func `IK-29 PUT and DELETE are honoured only where the route says so`() async throws {
        try await KeyedScene.with { scene async throws in
            for _ in 1...2 { #expect(try scene.send("PUT", key: "k")?.isReplay == false) }
            for _ in 1...2 { #expect(try scene.send("DELETE", key: "k", body: "")?.isReplay == false) }
            #expect(scene.executions == 4)
        }
        try await KeyedScene.with(policy: { $0.methods = ["PUT", "DELETE"] }) { scene async throws in
            #expect(try scene.send("PUT", key: "put")?.isReplay == false)
            #expect(try scene.send("PUT", key: "put")?.isReplay == true)
            #expect(try scene.send("DELETE", key: "delete", body: "")?.isReplay == false)
            #expect(try scene.send("DELETE", key: "delete", body: "")?.isReplay == true)
            #expect(scene.executions == 2)
        }
    }
}
