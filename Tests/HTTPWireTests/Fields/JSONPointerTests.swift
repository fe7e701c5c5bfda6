import Foundation
import HTTPWire
import NIOCore
import Testing

@Suite struct JSONPointerTests {
    private func look(_ pointer: String, _ json: String) -> Int? {
        guard let pointer = JSONPointer(pointer) else {
            Issue.record("no pointer: \(pointer)")
            return nil
        }
        return pointer.integer(in: json.utf8.span)
    }

    /// The document of RFC 6901 §5, with its numbers.
    static let document = #"""
        {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}
        """#

    @Test(arguments: [
        ("/", 0), ("/a~1b", 1), ("/c%d", 2), ("/e^f", 3), ("/g|h", 4), ("/i\\j", 5), ("/k\"l", 6), ("/ ", 7),
        ("/m~0n", 8),
    ])
    func `the examples of RFC 6901`(pointer: String, value: Int) {
        #expect(look(pointer, Self.document) == value)
    }

    @Test func `usage of a completion`() {
        let body =
            #"{"id":"x","choices":[{"text":"a \"quoted\" {[ text","n":99}],"usage":{"prompt_tokens":12,"total_tokens":57}}"#
        #expect(look("/usage/total_tokens", body) == 57)
        #expect(look("/choices/0/n", body) == 99)
        #expect(look("/choices/1/n", body) == nil)
        #expect(look("/choices/00/n", body) == nil)
        #expect(look("/choices/-/n", body) == nil)
        #expect(look("/usage", body) == nil)
        #expect(look("", body) == nil)
        #expect(look("/usage/total_tokens/x", body) == nil)
        #expect(look("/id", body) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("12.0", 12), ("12.000000000000000000000000000000", 12),
        ("1e3", 1000),
        ("1E+3", 1000), ("1.5e1", 15), ("1500e-2", 15), ("0.0", 0), ("0e999999999999", 0),
        ("9223372036854775807", .max), ("-9223372036854775808", .min), ("9.223372036854775807e18", .max),
        ("100000000000000000000e-10", 10_000_000_000), ("0.001e3", 1), (" 5 ", 5), ("\n5\t\r", 5),
    ])
    func `whole numbers in any notation are exact`(json: String, value: Int) {
        #expect(look("", json) == value)
    }

    @Test(arguments: [
        "2.5", "1e-1", "0.1", "9223372036854775808", "-9223372036854775809", "1e19", "1e999999999999999999999", "\"5\"",
        "null", "true", "[5]", "{}", "123456789012345678901234567890", "1.0000000000000000000000000000001",
    ])
    func `what is not a whole number in range gives none`(json: String) {
        #expect(look("", json) == nil)
    }

    @Test(arguments: [
        "", " ", "01", "-", "+1", "1.", ".5", "1e", "1e+", "5 5", "5,", "{\"n\":1", "{\"n\":1}}", "{\"n\":1,}", "{n:1}",
        "{\"n\" 1}", "{\"n\":}", "[1,]", "[,1]", "[1 2]", "tru", "truE", "nul", "{\"n\":1,\"x\":tr}",
        "{\"n\":1,\"x\":\"}",
        "{\"n\":1,\"x\":\"\\q\"}", "{\"n\":1,\"x\":\"\\u12g4\"}", "{\"n\":1,\"x\":\"\n\"}", "{\"n\":1,\"x\":01}",
        "\u{FEFF}5",
    ])
    func `a text that is not JSON gives no number to bill`(json: String) {
        #expect(look("/n", json) == nil)
        #expect(look("", json) == nil)
    }

    @Test func `names are compared unescaped`() {
        #expect(look("/usage", #"{"\u0075s\u0061ge":5}"#) == 5)
        #expect(look("/é", "{\"\u{e9}\":5}") == 5)
        #expect(look("/é", #"{"\u00e9":5}"#) == 5)
        #expect(look("/😀", #"{"\uD83D\ude00":5}"#) == 5)
        #expect(look("/😀", #"{"\ud83d":5}"#) == nil)
        #expect(look("/😀", #"{"\ud83d\u0041":5}"#) == nil)
        #expect(look("/a\nb", #"{"a\nb":5}"#) == 5)
        #expect(look("/usage", #"{"usag":5,"usagee":6,"\usage":7}"#) == nil)
    }

    @Test func `of repeated names the last one counts`() {
        #expect(look("/n", #"{"n":1,"n":2}"#) == 2)
        #expect(look("/n", #"{"n":1,"n":"x"}"#) == nil)
        #expect(look("/a/n", #"{"a":{"n":1},"a":{"m":2}}"#) == nil)
        #expect(look("/a/n", #"{"a":{"n":1},"b":{"n":2}}"#) == 1)
    }

    @Test func `64 containers are read, 65 are not`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + "5" + String(repeating: "]", count: depth)
        }
        let pointer = String(repeating: "/0", count: 64)
        #expect(look(pointer, nested(64)) == 5)
        #expect(look(pointer, nested(65)) == nil)
        #expect(look("/n", "{\"n\":1,\"x\":\(nested(63))}") == 1)
        #expect(look("/n", "{\"n\":1,\"x\":\(nested(64))}") == nil)
        #expect(look("", String(repeating: "[", count: 100_000)) == nil)
        #expect(look("", String(repeating: "{\"a\":", count: 100_000)) == nil)
    }

    @Test(arguments: ["x", "#/a", "/~", "/~2", "/a~", "a/b"])
    func `what is no pointer is refused`(text: String) {
        #expect(JSONPointer(text) == nil)
        #expect(JSONPointer(String(repeating: "/a", count: 65)) == nil)
        #expect(JSONPointer(String(repeating: "/a", count: 64)) != nil)
    }

    @Test func `numbers in random documents are found where they were put`() {
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            var leaves: [(String, Int)] = []
            let json = document(path: "", depth: 0, &random, &leaves)
            for (path, value) in leaves {
                #expect(look(path, json) == value, "seed \(seed), \(path) in \(json)")
            }
            let cut = Array(json.utf8).dropLast(Int.random(in: 1...max(1, json.utf8.count - 1), using: &random))
            guard let (path, _) = leaves.first, !path.isEmpty else { continue }
            #expect(look(path, String(decoding: cut, as: UTF8.self)) == nil, "seed \(seed), cut")
        }
    }

    /// A random value as JSON text; the numbers in it are noted with their pointers.
    private func document(
        path: String, depth: Int, _ random: inout FastRandom, _ leaves: inout [(String, Int)]
    ) -> String {
        func blank() -> String { ["", " ", "\n\t"].randomElement(using: &random) ?? "" }
        switch depth > 3 ? 0 : Int.random(in: 0..<6, using: &random) {
        case 0, 1:
            let value = Int(truncatingIfNeeded: random.next() >> UInt64.random(in: 0..<64, using: &random))
            leaves.append((path, value))
            return "\(value)"
        case 2:
            return ["true", "false", "null", "\"a\\\"]}\"", "\"\"", "[]", "{ }"].randomElement(using: &random) ?? "null"
        case 3, 4:
            let names = ["a", "b/c", "d~e", "0", "\u{e9}", ""].shuffled(using: &random).prefix(3)
            let members = names.map { name in
                let token = name.replacing("~", with: "~0").replacing("/", with: "~1")
                let value = document(path: "\(path)/\(token)", depth: depth + 1, &random, &leaves)
                return "\(blank())\"\(name)\"\(blank()):\(blank())\(value)\(blank())"
            }
            return "{\(members.joined(separator: ","))}"
        default:
            let elements = (0..<Int.random(in: 1...12, using: &random)).map { index in
                blank() + document(path: "\(path)/\(index)", depth: depth + 2, &random, &leaves) + blank()
            }
            return "[\(elements.joined(separator: ","))]"
        }
    }

    @Test func `bytes of any kind never trap, and what is read is what Foundation reads`() throws {
        let whole = try #require(JSONPointer(""))
        let member = try #require(JSONPointer("/a/1"))
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            _ = whole.integer(in: FieldTesting.bytes(of: "{}[],:\"\\u0a1e.-+ tfn", upTo: 60, &random).span)
            let json = FieldTesting.mutated(#"{"a":[1,25e1],"b":{"c":"\u00e9\n"},"d":-0.5}"#, &random)
            guard let value = member.integer(in: json.span) else { continue }
            // Foundation also refuses what is not UTF-8, and is lenient elsewhere; where both read, they agree.
            guard let object = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any],
                let list = object["a"] as? [Any], list.count > 1
            else { continue }
            #expect((list[1] as? NSNumber)?.intValue == value, "seed \(seed)")
        }
    }
}
