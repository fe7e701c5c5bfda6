import Testing

@testable import HTTPWire

@Suite struct FieldNameTests {
    private func name(_ text: String) -> FieldName {
        let message = bytes(text)
        return FieldNameTable.name(message.span, 0, message.count)
    }

    @Test func `every name is recognised in any case and nothing near it is`() {
        for name in FieldName.allCases where !name.isFamily {
            let spelling = "\(name.canonical)"
            #expect(!spelling.isEmpty, "\(name)")
            #expect(self.name(spelling) == name)
            #expect(self.name(spelling.lowercased()) == name)
            #expect(self.name(spelling.uppercased()) == name)
            for place in 0..<spelling.utf8.count {
                var near = bytes(spelling)
                near[place] ^= 0x01
                guard near[place].isToken else { continue }
                #expect(self.name(text(near)) != name, "\(text(near))")
            }
            #expect(self.name(spelling + "x") != name)
            #expect(self.name("x" + spelling) != name)
        }
    }

    @Test(arguments: [
        ("X-Tollgate-Org", FieldName.tollgate), ("x-tollgate-", .tollgate), ("x-tollgate", .other),
        ("x-tollgate-\(String(repeating: "a", count: 60))", .tollgate), ("X_Tollgate_Org", .underscoreAlias),
        ("X-Tollgate_Org", .underscoreAlias), ("x-tollgate-a\(String(repeating: "b", count: 40))_c", .underscoreAlias),
        ("Content_Length", .underscoreAlias), ("transfer_encoding", .underscoreAlias),
        ("strict_transport-security", .underscoreAlias), ("x_forwarded_for", .underscoreAlias),
        ("some_thing", .other), ("RateLimit", .rateLimit), ("ratelimit-policy", .rateLimit), ("RateLimits", .other),
        ("X-RateLimit-Limit", .xRateLimit), ("x-ratelimit-reset-tokens", .xRateLimit), ("x-ratelimit", .other),
        ("a", .other), ("te", .te), ("t~", .other), ("hos^", .other), ("", .other),
    ])
    func `families and aliases`(text: String, expected: FieldName) {
        #expect(self.name(text) == expected)
    }

    @Test func `the raw values fit the tables`() {
        for name in FieldName.allCases { #expect(Int(name.rawValue) < FieldName.capacity) }
    }

    @Test func `sets hold what was put in`() {
        var set = FieldNameSet()
        for name in FieldName.allCases {
            #expect(!set.contains(name))
            set.insert(name)
            #expect(set.contains(name))
        }
        for name in FieldName.allCases {
            set.remove(name)
            #expect(!set.contains(name))
        }
        #expect(set.isEmpty)
        let union = ([.host] as FieldNameSet).union([.te])
        #expect(union == [.te, .host])
        #expect(union.intersection([.te, .via]) == [.te])
    }

    @Test func `lines are counted and the first one found`() {
        let message = bytes("GET / HTTP/1.1\r\nHost: a\r\nVia: 1\r\nX: y\r\nVIA: 2\r\n\r\n")
        var parser = RequestParser()
        var head = RequestHead()
        _ = parser.parse(message.span, into: &head)
        let counts = [head.fields.count(of: .via), head.fields.count(of: .host), head.fields.count(of: .te)]
        #expect(counts == [2, 1, 0])
        let first = head.fields.first(.via).map { text(message.slice($0.value)) }
        #expect(first == "1")
        let only = [head.fields.only(.via), head.fields.only(.host), head.fields.only(.te)].map { $0 != nil }
        #expect(only == [false, true, false])
    }
}
