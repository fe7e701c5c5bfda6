import Digests
import Domain
import HTTPWire
import TestKit
import Testing

@testable import Edge

/// What a connection remembers of the key it presented last, and what it must not make of it.
@Suite(.serialized) struct PresentedKeyTests {
    private static let field = "Bearer tgk_live_0123456789abcdefABCDEF"
    private static let digest = SHA256Digest(of: "the key")

    private static func remembered() -> PresentedKey {
        var key = PresentedKey()
        key.keep(self.field.utf8.span, accepting: [.bearer], digest: self.digest)
        return key
    }

    /// What `key` says of a field's bytes.
    private static func found(
        _ bytes: [UInt8], _ sources: CredentialSources = [.bearer], in key: borrowing PresentedKey
    ) -> SHA256Digest? { key.digest(of: bytes.span, accepting: sources) }

    @Test func `the same bytes for the same sources have the digest that was kept`() {
        let key = Self.remembered()
        let bytes = Array(Self.field.utf8)
        let (same, others, none) = (
            Self.found(bytes, in: key), Self.found(bytes, [.bearer, .basic], in: key),
            Self.found([], [], in: PresentedKey())
        )
        #expect(same == Self.digest)
        #expect(others == nil)
        #expect(none == nil)
    }

    @Test func `no other bytes have it`() {
        let key = Self.remembered()
        let bytes = Array(Self.field.utf8)
        var others: [[UInt8]] = [Array(bytes.dropLast()), bytes + [0x20], []]
        for index in bytes.indices {
            for bit in 0..<8 {
                var other = bytes
                other[index] ^= 1 << UInt8(bit)
                others.append(other)
            }
        }
        for other in others {
            let found = Self.found(other, in: key)
            #expect(found == nil)
        }
    }

    @Test func `it is forgotten when told, and a long field is never kept`() {
        var key = Self.remembered()
        let bytes = Array(Self.field.utf8)
        key.forget()
        let forgotten = Self.found(bytes, in: key)
        #expect(forgotten == nil)
        let long = [UInt8](repeating: 0x6B, count: PresentedKey.bytesMax + 1)
        key.keep(bytes.span, accepting: [.bearer], digest: Self.digest)
        key.keep(long.span, accepting: [.bearer], digest: SHA256Digest(of: "another"))
        let (longOne, before) = (Self.found(long, in: key), Self.found(bytes, in: key))
        #expect(longOne == nil)
        #expect(before == nil)
    }

    // MARK: On a connection

    private static func get(_ fields: String, target: String = "/v1/a") -> String {
        "GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
    }

    @Test func `every request of a connection is its own key's`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let (one, other) = (try await edge.realm.issue(), try await edge.realm.issue())
                let client = try edge.client()
                for tenant in [one, one, other, one, other, other] {
                    #expect(client.exchange(RawRequest.get("/v1/a", as: tenant))?.status == 200)
                    #expect(upstream.requests.last?["x-tollgate-key"] == tenant.key.keyID)
                }
                // One character of a key that has just been let through.
                let typo = one.authorization.replacing(one.text, with: String(one.text.dropLast()) + "!")
                #expect(client.exchange(Self.get(typo))?.status == 401)
                #expect(client.exchange(Self.get(""))?.code == "credentials-missing")
                #expect(client.exchange(RawRequest.get("/v1/a", as: one))?.status == 200)
            }
        }
    }

    @Test func `a second credential beside the remembered one is seen`() async throws {
        try await ScriptedUpstream.with { upstream in
            try await TestEdge.with(upstreamPort: upstream.port) { edge in
                let tenant = try await edge.realm.issue()
                let client = try edge.client()
                let alone = Self.get(tenant.authorization)
                for more in [
                    Self.get(tenant.authorization + "X-API-Key: \(tenant.text)\r\n"),
                    Self.get(tenant.authorization + tenant.authorization),
                    Self.get(tenant.authorization, target: "/v1/a?api_key=\(tenant.text)"),
                ] {
                    #expect(client.exchange(alone)?.status == 200)
                    #expect(client.exchange(more)?.code == "multiple-credentials")
                }
                #expect(client.exchange(Self.get(tenant.authorization, target: "/v1/a?limit=5"))?.status == 200)
            }
        }
    }
}
