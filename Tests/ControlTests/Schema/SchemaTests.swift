import Foundation
import PostgresClient
import TestKit
import Testing

@testable import Control

/// JSON, texts and times.
struct SchemaTests {
    private static let rules: [TextRule] = [
        .id("org"), .slug, .email, .planCode, .flagKey, .scope, .meter, .limitName, .cursor, .idempotencyKey,
        .entityTag,
        .network, .free(1...5),
    ]

    @Test func `a pattern matches what its regular expression matches`() throws {
        var random = SplitMix64(seed: 9)
        let alphabet = Array("org_aZ09-.@/:\u{0}\u{7f}é \"%+~\n")
        for rule in Self.rules {
            let expression = try NSRegularExpression(
                pattern: "\\A" + rule.pattern.regex.dropFirst().dropLast() + "\\z")
            #expect(
                rule.complaint(rule.example) == nil || rule.length.upperBound < rule.example.count, "\(rule.example)")
            for _ in 0..<3_000 {
                var text = Bool.random(using: &random) ? rule.example : ""
                for _ in 0..<Int.random(in: 0...4, using: &random) {
                    let character = alphabet.randomElement(using: &random) ?? "a"
                    let offset = Int.random(in: 0...text.count, using: &random)
                    text.insert(character, at: text.index(text.startIndex, offsetBy: offset))
                }
                let range = NSRange(text.startIndex..., in: text)
                let isMatch = expression.firstMatch(in: text, range: range) != nil
                #expect(rule.pattern.matches(text) == isMatch, "\(rule.pattern.regex) \(text.debugDescription)")
            }
        }
    }

    @Test func `JSON is read as it is written, strictly`() throws {
        let text = #"{"a":[1,-2,1.5,true,null,"\u00e9\ud83d\ude00\n"],"b":{}}"#
        let value = try JSONParser.parse(Array(text.utf8))
        #expect(value["a"]?.elements?.last?.text == "é😀\n")
        #expect(try JSONParser.parse(Array(value.encoded.utf8)) == value)
        #expect(try JSONParser.parse(Array(value.pretty.utf8)) == value)
        #expect(try JSONParser.parse(Array("1e2".utf8)) == 100 && JSONParser.parse(Array("-0".utf8)) == 0)
        for wrong in [
            "", "{", "[1 2]", "01", "1.", "+1", "\"\u{1}\"", #""\x""#, #""\udc00""#, "{\"a\":1,\"a\":2}", "1 1",
            "1e999", "tru",
            String(repeating: "[", count: 100),
        ] {
            #expect(throws: JSONSyntaxError.self, "\(wrong)") { try JSONParser.parse(Array(wrong.utf8)) }
        }
    }

    @Test func `times are read with any offset and written in UTC`() {
        for (text, written) in [
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"),
            ("2026-01-31t12:00:00.5+02:00", "2026-01-31T10:00:00.500Z"),
            ("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
            ("2024-02-29T23:59:60Z", "2024-03-01T00:00:00.000Z"),
        ] {
            #expect(Timestamp.parse(text).map(Timestamp.text) == written)
        }
        for wrong in [
            "2026-02-29T00:00:00Z", "2026-1-1T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z", "x",
            "2026-01-01T00:00:00.Z",
        ] {
            #expect(Timestamp.parse(wrong) == nil, "\(wrong)")
        }
    }

    @Test func `networks are those that the system reads, and are kept as PostgreSQL takes them`() async throws {
        let database = try await TestPostgres.shared().createDatabase()
        let pool = try database.pool(connectionsMax: 1)
        var texts = [
            "1.2.3.4", "10.0.0.0/8", "10.0.0.1/8", "0.0.0.0/0", "1.2.3.4/32", "1.2.3.4/33", "::", "::/0", "010.0.0.0/8",
            "2001:db8::/32", "2001:DB8::1/32", "1.2.3", "a", "1.2.3.4/a", ":1", "1.2.3.4//8", "fe80::/10", "10/8",
            "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::/113", "::2:3:4:5:6:7:8", "1::3:4:5:6:7:8", "1::8::9", "1:2", "::1/128",
            "::1/129", "1:2:3:4:5:6:7:8:9", "1.2.3.4/", "/8", "1.2.3.4/08", "255.255.255.255/31", "256.0.0.0",
            "::1.2.3.4", "::ffff:1.2.3.4", "::ffff:1.2.3.4/95", "1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:7:7.8.9.10",
            "1:2:3:4:5::7.8.9.10", "1:2:3:4:5:6::7.8.9.10", "1::2:3:4:5:7.8.9.10", "::1:2:3:4:5:7.8.9.10",
            "::1:2:3:4:5:6:7.8.9.10", "1:7.8.9.10", "::1.2.3", "1.2.3.4::", "64:ff9b::192.0.2.33/128",
        ]
        var random = SplitMix64(seed: 5)
        let pieces = ["1", "ff", ":", "::", ".", "10", "/", "0", "12", "255", "8"]
        for _ in 0..<3_000 {
            let count = Int.random(in: 1...9, using: &random)
            texts.append((0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined())
        }
        var networks: [String] = []
        for text in texts {
            let network = Network.canonical(text)
            #expect((TextRule.network.complaint(text) == nil) == (network != nil), "\(text)")
            if let network { networks.append(network) }
        }
        #expect(networks.count > 100)
        let kept: [String] = try await pool.query("SELECT \(networks)::text[]::cidr[]::text[] AS kept").only()["kept"]
        #expect(kept == networks)
        #expect(Network.canonical("10.1.2.3/9") == "10.0.0.0/9")
        #expect(Network.canonical("2001:DB8::1") == "2001:db8::1/128")
        #expect(Network.canonical("::ffff:192.0.2.7/120") == "192.0.2.0/24")
        #expect(Network.canonical("::102:304") == "::1.2.3.4/128")
        // What is kept can be said again, as the records write it.
        for network in kept { #expect(TextRule.network.complaint(network) == nil, "\(network)") }
        #expect(kept.map { Network.canonical($0) } == kept)
        await pool.close()
    }
}
