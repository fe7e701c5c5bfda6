import HTTPWire
import NIOCore
import Testing

@Suite struct CredentialTests {
    static let key = "tgk_test_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvrv"

    /// "source:key", or the error's name. Values stand in one buffer, as in a received head.
    private func read(
        authorization: [String] = [], apiKey: [String] = [], query: String? = nil,
        accepting sources: CredentialSources = .all
    ) -> String {
        var buffer: [UInt8] = Array("GET / HTTP/1.1\r\n".utf8)
        var collector = CredentialCollector(accepting: sources)
        for value in authorization {
            buffer += Array("Authorization: ".utf8)
            collector.authorization(value.utf8.span, at: buffer.count)
            buffer += Array((value + "\r\n").utf8)
        }
        for value in apiKey {
            buffer += Array("X-API-Key: ".utf8)
            collector.apiKey(value.utf8.span, at: buffer.count)
            buffer += Array((value + "\r\n").utf8)
        }
        if let query { collector.query(query.utf8.span) }
        do throws(CredentialError) {
            let credential = try collector.result()
            let key = credential.withKey(in: buffer.span) { key in
                String(decoding: (0..<key.count).map { key[$0] }, as: UTF8.self)
            }
            return "\(credential.source):\(key)"
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: ["Bearer", "bearer", "BEARER", "bEaReR"])
    func `AK-6 the scheme's case does not matter`(scheme: String) {
        #expect(read(authorization: ["\(scheme) \(Self.key)"]) == "bearer:\(Self.key)")
        #expect(read(authorization: ["\(scheme)   \(Self.key)  "]) == "bearer:\(Self.key)")
    }

    @Test(arguments: ["a", "abc==", "a-._~+/9=", "mF_9.B5f-4.1JqM"])
    func `every b64token is taken as it stands`(token: String) {
        #expect(read(authorization: ["Bearer \(token)"]) == "bearer:\(token)")
    }

    @Test(arguments: [
        "Bearer", "Bearer ", "Bearer =", "Bearer a b", "Bearer a,b", "Bearer \"a\"", "Bearer a=b", "Bearer a\tb",
        "Bearer k\u{e9}y", "Bearer a, Bearer b", "", " ",
    ])
    func `a Bearer that cannot be a key is malformed`(value: String) {
        #expect(read(authorization: [value]) == "malformed")
    }

    @Test func `AK-3 without credential, or with an unknown scheme, it is missing`() {
        #expect(read() == "missing")
        #expect(read(query: "a=1&b=2") == "missing")
        #expect(read(authorization: ["Digest username=\"x\""]) == "missing")
        #expect(read(authorization: ["Bearerx y"]) == "missing")
        #expect(read(authorization: ["Negotiate"]) == "missing")
    }

    @Test func `AK-7 more than one credential is refused, whichever they are`() {
        let bearer = "Bearer \(Self.key)"
        #expect(read(authorization: [bearer], apiKey: [Self.key]) == "multiple")
        #expect(read(authorization: [bearer, bearer]) == "multiple")
        #expect(read(apiKey: [Self.key, Self.key]) == "multiple")
        #expect(read(authorization: ["Basic YTpi"], apiKey: [Self.key]) == "multiple")
        #expect(read(authorization: ["Digest x"], apiKey: [Self.key]) == "multiple")
        #expect(read(authorization: [bearer], query: "access_token=x") == "multiple")
        #expect(read(authorization: [bearer], apiKey: [""], accepting: .bearer) == "multiple")
    }

    @Test func `a source the route does not take is named`() {
        #expect(read(authorization: ["Bearer x"], accepting: [.apiKeyHeader, .basic]).hasPrefix("notAccepted"))
        #expect(read(apiKey: ["x"], accepting: [.bearer]).hasPrefix("notAccepted"))
        #expect(read(authorization: ["Basic YTpi"], accepting: [.bearer]).hasPrefix("notAccepted"))
        #expect(read(authorization: ["Bearer x"], accepting: []).hasPrefix("notAccepted"))
    }

    @Test func `X-API-Key takes visible ASCII without commas`() {
        #expect(read(apiKey: [Self.key]) == "apiKeyHeader:\(Self.key)")
        #expect(read(apiKey: [" sk-\"old\"{key} "]) == "apiKeyHeader:sk-\"old\"{key}")
        for value in ["", "  ", "a b", "a,b", "k\u{e9}y", "a\u{7f}"] { #expect(read(apiKey: [value]) == "malformed") }
    }

    @Test func `a key of 512 bytes is read, one of 513 is malformed`() {
        let longest = String(repeating: "k", count: 512)
        #expect(read(authorization: ["Bearer \(longest)"]) == "bearer:\(longest)")
        #expect(read(authorization: ["Bearer \(longest)k"]) == "malformed")
        #expect(read(apiKey: [longest]) == "apiKeyHeader:\(longest)")
        #expect(read(apiKey: [longest + "k"]) == "malformed")
    }

    @Test(arguments: [
        ("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin"),
        ("YTo=", "a"),
        ("dGdrX3Rlc3RfMDEyMzQ1Njc4OUFCQ0RFRkdISUpLTE1OT1BRUlNUVVYwcXh2cnY6", Self.key),
        ("YTpi", "a"),
        ("YTpiOmM=", "a"),
        ("YTr/AA==", "a"),
    ])
    func `the user name of Basic is the key`(encoded: String, name: String) {
        #expect(read(authorization: ["Basic \(encoded)"]) == "basic:\(name)")
        #expect(read(authorization: ["basic  \(encoded) "]) == "basic:\(name)")
    }

    @Test(arguments: [
        "Basic", "Basic ", "Basic YTo", "Basic YTp=", "Basic YQ==", "Basic OmI=", "Basic YSBiOmM=", "Basic Y To=",
        "Basic ====", "Basic YTo=YTo=", "Basic YT*=", "Basic gDo=",
    ])
    func `Basic without key, or not canonical, is malformed`(value: String) {
        #expect(read(authorization: [value]) == "malformed")
    }

    @Test func `a Basic user name of 128 bytes is read, one of 129 is malformed`() {
        // "aaa" is YWFh; 126 bytes and "aa:" or 129 bytes and ":".
        let start = String(repeating: "YWFh", count: 42)
        #expect(read(authorization: ["Basic \(start)YWE6"]) == "basic:\(String(repeating: "a", count: 128))")
        #expect(read(authorization: ["Basic \(start)YWFhOg=="]) == "malformed")
        // A long password does not matter.
        #expect(read(authorization: ["Basic YTph\(String(repeating: "YWFh", count: 500))"]) == "basic:a")
    }

    @Test(arguments: [
        "access_token=x", "api_key=x", "a=1&api_key=x", "API_KEY=x", "api_key=", "&&access_token=x&b",
        "api%5Fkey=x", "%61pi_key=x", "access%5ftoken=x",
    ])
    func `a key in the query is refused`(query: String) {
        #expect(read(query: query) == "inQuery")
    }

    @Test(arguments: [
        "", "api_key", "xapi_key=1", "api_keys=1", "access_token", "a=api_key=x", "api-key=1", "q=access_token%3Dx",
    ])
    func `other parameters are nobody's business`(query: String) {
        #expect(read(query: query) == "missing")
    }

    @Test func `values to keep out of logs are found one after the other`() {
        let query = "api_key=one&x=2&access_token=&API_KEY=three"
        var values: [String] = []
        var from = 0
        while let range = QueryCredentials.firstValue(in: query.utf8.span, from: from) {
            values.append(String(decoding: Array(query.utf8)[range], as: UTF8.self))
            from = range.upperBound
        }
        #expect(values == ["one", "", "three"])
    }

    @Test func `a credential looked up in another buffer is no key`() throws {
        var collector = CredentialCollector(accepting: .all)
        collector.authorization("Basic YTo=".utf8.span)
        let credential = try collector.result()
        #expect(credential.withKey(in: "Basic".utf8.span) { $0.count } == 0)
        #expect(credential.withKey(in: "0123456789".utf8.span) { $0.count } == 0)
    }

    @Test func `bytes of any kind never trap, and what is found lies within`() {
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            let value = FieldTesting.mutated("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", &random)
            let other = FieldTesting.bytes(of: "Bearer asic=YTo:, ", upTo: 40, &random)
            for bytes in [value, other] {
                var collector = CredentialCollector(accepting: .all)
                collector.authorization(bytes.span)
                if let found = try? collector.result() {
                    let count = found.withKey(in: bytes.span) { $0.count }
                    #expect(count > 0 && count <= 512, "seed \(seed)")
                }
                collector.apiKey(bytes.span)
                collector.query(bytes.span)
                #expect((try? collector.result()) == nil, "seed \(seed)")
            }
        }
    }
}
