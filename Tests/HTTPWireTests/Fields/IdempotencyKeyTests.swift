import HTTPWire
import NIOCore
import Testing

@Suite struct IdempotencyKeyTests {
    private func read(_ value: String, lines: Int = 1) -> String {
        do throws(IdempotencyKeyError) {
            let key = try IdempotencyKeyValue(value.utf8.span, lines: lines)
            return key.withKey(in: value.utf8.span) { key in
                String(decoding: (0..<key.count).map { key[$0] }, as: UTF8.self)
            }
        } catch {
            return "!" + Self.name(error)
        }
    }

    private static func name(_ error: IdempotencyKeyError) -> String {
        switch error {
        case .repeated: "repeated"
        case .empty: "empty"
        case .tooLong: "tooLong"
        case .malformedString: "malformedString"
        case .forbiddenByte: "forbiddenByte"
        }
    }

    @Test(arguments: [
        "8e03978e-40d5-43e8-bc93-6894a57f9324", "stripe-node-retry-4ab0", "a", "!#$%&'()*+-./:;<=>?@[]^_`{|}~",
    ])
    func `IK-1 the quoted and the bare form of one value are one key`(key: String) {
        #expect(read(key) == key)
        #expect(read("\"\(key)\"") == key)
        #expect(read("  \"\(key)\"  ") == key)
        #expect(read(" \(key)\t") == key)
    }

    @Test func `IK-2 255 bytes are a key, 256 are not, in either form`() {
        let longest = String(repeating: "k", count: 255)
        #expect(read(longest) == longest)
        #expect(read("\"\(longest)\"") == longest)
        #expect(read(longest + "k") == "!tooLong")
        #expect(read("\"\(longest)k\"") == "!tooLong")
        let escaped = String(repeating: "\\\"", count: 255)
        #expect(read("\"\(escaped)\"") == String(repeating: "\"", count: 255))
        #expect(read("\"\(escaped)x\"") == "!tooLong")
    }

    @Test func `IK-3 a field sent twice is refused`() {
        #expect(read("a", lines: 2) == "!repeated")
        #expect(read("a", lines: 0) == "!repeated")
        #expect(read("a, b") == "!forbiddenByte")
        #expect(read("\"a\", \"b\"") == "!malformedString")
    }

    @Test func `only a quoted key may hold spaces, commas and escapes`() {
        #expect(read("\"a b, c\"") == "a b, c")
        #expect(read(#""a\"b\\c""#) == #"a"b\c"#)
        #expect(read("a b") == "!forbiddenByte")
        #expect(read("a\"b") == "!forbiddenByte")
        #expect(read("a\\b") == "!forbiddenByte")
        #expect(read("a\u{e9}") == "!forbiddenByte")
        #expect(read("a\u{7f}") == "!forbiddenByte")
    }

    @Test func `empty keys are refused`() {
        #expect(read("") == "!empty")
        #expect(read("   ") == "!empty")
        #expect(read("\"\"") == "!empty")
        #expect(read("\"\";a=1") == "!empty")
    }

    @Test(arguments: [
        ";a", ";a=1", "; a=1;b", ";a=-12.5", ";a=\"x\\\"y\"", ";a=tok/en:x", ";a=*x", ";a=:aGk=:", ";a=?0",
        ";a=@1659578233",
        ";a=%\"f%c3%bc\"", ";*a_-.9=1", ";a=123456789012345", ";a=123456789012.123",
    ])
    func `well-formed parameters are ignored`(parameters: String) {
        #expect(read("\"key\"\(parameters)") == "key")
    }

    @Test(arguments: [
        "\"", "\"a", "\"a\\\"", "\"a\\x\"", "\"a\u{e9}\"", "\"a\"b", "\"a\" b", "\"a\" ;x", "\"a\";", "\"a\";A=1",
        "\"a\";a=", "\"a\";a=1.", "\"a\";a=1.2345", "\"a\";a=1234567890123456", "\"a\";a=1234567890123.1",
        "\"a\";a=?2", "\"a\";a=:a", "\"a\";a=:!:", "\"a\";a=@1.5", "\"a\";a=%\"%C3\"", "\"a\";a=%x", "\"a\";a=-",
        "\"a\";a=@", "\"a\";a=?", "\"a\";a=(1)",
    ])
    func `malformed strings and parameters are refused`(value: String) {
        #expect(read(value) == "!malformedString")
    }

    @Test func `a key rendered as a string is read back`() {
        let alphabet = (0x20..<0x7F).map { String(UnicodeScalar(UInt8($0))) }.joined()
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            let letters = Array(alphabet)
            let key = String(
                (0..<Int.random(in: 1...255, using: &random)).map { _ in letters.randomElement(using: &random) ?? "k" })
            let rendered = FieldTesting.render { IdempotencyKeyValue.append(key.utf8.span, to: &$0) }
            #expect(read(rendered) == key, "seed \(seed)")
        }
        #expect(FieldTesting.render { IdempotencyKeyValue.append("a\nb".utf8.span, to: &$0) } == "")
    }

    @Test func `bytes of any kind never trap, and a key has 1 to 255 bytes`() {
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            let values = [
                FieldTesting.bytes(of: "\"\\a;=:?@%1.-, ", upTo: 30, &random),
                FieldTesting.mutated("\"a\\\"b\";x=1;y=:aGk=:;z=%\"%c3%bc\"", &random),
            ]
            for value in values {
                guard let key = try? IdempotencyKeyValue(value.span) else { continue }
                let count = key.withKey(in: value.span) { $0.count }
                #expect(count == key.count && (1...255).contains(count), "seed \(seed)")
            }
        }
    }

    @Test(arguments: [
        IdempotencyKeyError.repeated, .empty, .tooLong, .malformedString, .forbiddenByte,
    ])
    func `every refusal says what would be right`(error: IdempotencyKeyError) {
        #expect(error.description.hasPrefix("Idempotency-Key"))
        #expect(error.description.contains("send") || error.description.contains(";"))
    }
}
