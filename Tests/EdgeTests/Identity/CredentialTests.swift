import Domain
import TestKit
import Testing

@testable import Edge

/// AK-1 to AK-7: how a key is presented, and what is answered when it will not do.
@Suite(.serialized) struct CredentialTests {
    private static let bare = "Bearer realm=\"api\""
    private static let invalid =
        "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"The API key is not valid\""

    private static func play(
        configuration: (inout Configuration) -> Void = { _ in },
        _ body: (TestEdge, ScriptedUpstream) async throws -> Void
    ) async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port, configuration: configuration) { edge in
                try await body(edge, upstream)
            }
        }
    }

    private static func get(_ fields: String, target: String = "/v1/a") -> String {
        "GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    /// A well-formed key that nobody has.
    private static func strangeKey() -> String {
        Tenant(environment: .live, key: .example(0, .live), org: .example(0, plan: "FREE")).text
    }

    @Test func `AK-1 a key with a wrong checksum is 401 and costs no Redis command`() async throws {
        try await Self.play { edge, upstream in
            let commands = await edge.requestCommands()
            let typo = String(Self.strangeKey().dropLast(6)) + "000000"
            for field in [
                "Authorization: Bearer \(typo)\r\n", "X-API-Key: \(typo)\r\n", "X-API-Key: tgk_live_short\r\n",
            ] {
                let response = try edge.exchange(Self.get(field))
                #expect(response?.status == 401)
                #expect(response?.code == "api-key-invalid")
                #expect(response?["www-authenticate"] == Self.invalid)
            }
            #expect(await edge.requestCommands() == commands)
            #expect(upstream.connections == 0)
        }
    }

    @Test func `AK-2 unknown and malformed keys are answered alike`() async throws {
        try await Self.play { edge, _ in
            let client = try edge.client()
            let answers = [Self.strangeKey(), "tgk_live_x", "some-other-system's-key-1234", "nonsense"].map {
                client.exchange(Self.get("Authorization: Bearer \($0)\r\n"))
            }
            let shapes = answers.map { answer in
                let id = answer?["x-request-id"] ?? ""
                let fields = (answer?.fields ?? []).filter { $0.name != "x-request-id" && $0.name != "date" }
                return "\(answer?.status ?? 0) \(fields) \(answer?.text.replacing(id, with: "ID") ?? "")"
            }
            #expect(Set(shapes).count == 1, "\(shapes)")
        }
    }

    @Test func `AK-3 without a credential the challenge is bare`() async throws {
        try await Self.play { edge, _ in
            let response = try edge.exchange(Self.get(""))
            #expect(response?.status == 401)
            #expect(response?.code == "credentials-missing")
            #expect(response?.all("www-authenticate") == [Self.bare])
            // Not a scheme that this route takes.
            let digest = try edge.exchange(Self.get("Authorization: Digest username=x\r\n"))
            #expect(digest?.status == 401)
            #expect(digest?["www-authenticate"] == Self.bare)
        }
    }

    @Test func `AK-4 a key reaches neither the upstream nor any answer`() async throws {
        try await Self.play { edge, upstream in
            let tenant = try await edge.realm.issue()
            let secrets = [tenant.text, Self.strangeKey(), "tgk_live_almostakey"]
            for secret in secrets {
                for fields in [
                    "Authorization: Bearer \(secret)\r\n", "X-API-Key: \(secret)\r\n",
                    "Authorization: Bearer \(secret)\r\nX-API-Key: \(secret)\r\n",
                ] {
                    let client = try edge.client()
                    client.send(Self.get(fields + "Connection: close\r\n"))
                    #expect(!client.readToEnd().contains(secret))
                }
            }
            #expect(!upstream.requests.isEmpty)
            for seen in upstream.requests {
                #expect(seen["authorization"] == nil)
                #expect(seen["x-api-key"] == nil)
                #expect(seen.fields.allSatisfy { !$0.value.contains(tenant.text) })
            }
        }
    }

    @Test func `AK-6 the scheme's case does not matter`() async throws {
        try await Self.play { edge, _ in
            let tenant = try await edge.realm.issue()
            for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
                #expect(try edge.exchange(Self.get("Authorization: \(scheme) \(tenant.text)\r\n"))?.status == 200)
            }
            #expect(try edge.exchange(Self.get("x-api-key: \(tenant.text)\r\n"))?.status == 200)
        }
    }

    @Test func `AK-7 two credentials are 400`() async throws {
        try await Self.play { edge, upstream in
            let tenant = try await edge.realm.issue()
            let (bearer, header) = (tenant.authorization, "X-API-Key: \(tenant.text)\r\n")
            for fields in [bearer + header, bearer + bearer, header + header, "Authorization: Basic eDp5\r\n" + header]
            {
                let response = try edge.exchange(Self.get(fields))
                #expect(response?.status == 400, "\(fields)")
                #expect(response?.code == "multiple-credentials")
                #expect(
                    response?["www-authenticate"]
                        == "Bearer realm=\"api\", error=\"invalid_request\", error_description=\"Use one credential\"")
            }
            #expect(upstream.connections == 0)
        }
    }

    @Test func `a key in the query is refused`() async throws {
        try await Self.play { edge, upstream in
            let tenant = try await edge.realm.issue()
            for name in ["api_key", "access_token"] {
                let response = try edge.exchange(Self.get("", target: "/v1/a?x=1&\(name)=\(tenant.text)"))
                #expect(response?.status == 401)
                #expect(response?.text.contains(tenant.text) == false)
            }
            #expect(upstream.connections == 0)
        }
    }

    @Test func `a route takes the credentials that it names`() async throws {
        try await Self.play(configuration: { $0.route("v1") { $0.credentials = [.basic] } }) { edge, _ in
            let tenant = try await edge.realm.issue()
            let basic = Self.base64("\(tenant.text):")
            #expect(try edge.exchange(Self.get("Authorization: Basic \(basic)\r\n"))?.status == 200)
            #expect(try edge.exchange(Self.get("X-API-Key: \(tenant.text)\r\n"))?.status == 401)
            #expect(try edge.exchange(Self.get(tenant.authorization))?.status == 401)
            #expect(try edge.exchange(Self.get("Authorization: Basic !!!\r\n"))?.status == 401)
        }
    }

    private static func base64(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var output = ""
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[start + $1]) : 0) }
            for place in 0..<4 {
                output.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : "=")
            }
        }
        return output
    }
}
