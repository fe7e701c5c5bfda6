import HTTPWire
import NIOCore
import Testing

@Suite struct RoutingPathTests {
    /// The canonical form, or the refusal's name.
    private func normalised(_ path: String) -> String { normalised(Array(path.utf8)) }

    private func normalised(_ path: [UInt8]) -> String {
        do throws(PathRefusal) {
            switch try RoutingPath.check(path.span) {
            case .canonical: return String(decoding: path, as: UTF8.self)
            case .needsRewriting: return FieldTesting.render { RoutingPath.append(path.span, to: &$0) }
            }
        } catch {
            return Self.name(error)
        }
    }

    private static func name(_ refusal: PathRefusal) -> String {
        switch refusal {
        case .notAbsolute: "notAbsolute"
        case .forbiddenByte: "forbiddenByte"
        case .malformedEscape: "malformedEscape"
        case .forbiddenEscape: "forbiddenEscape"
        case .dotSegment: "dotSegment"
        case .emptySegment: "emptySegment"
        }
    }

    @Test(arguments: [
        "/", "/v1/jobs", "/v1/jobs/", "/a.b/..c/...", "/.well-known/x", "/a;b=1/c", "/a%20b", "/a%25b", "/%C3%A9",
        "/a:b@c!$&'()*+,=",
        "/%252F", "/{id}|^`\"<>", "/a..", "/..a", "/;a", "/a%3Bb", "/...;x",
    ])
    func `paths with one meaning are canonical as they stand`(path: String) throws {
        #expect(try RoutingPath.check(path.utf8.span) == .canonical)
        #expect(normalised(path) == path)
    }

    @Test(arguments: [
        ("/%61dmin", "/admin"), ("/%41%5a%7e%2D%5F%39", "/AZ~-_9"), ("/a%2ejson", "/a.json"), ("/%c3%a9", "/%C3%A9"),
        ("/a%3ab", "/a%3Ab"), ("/a%2E%2Eb", "/a..b"), ("/%25%32%46", "/%252F"),
    ])
    func `other spellings of the same path are rewritten`(path: String, canonical: String) throws {
        #expect(try RoutingPath.check(path.utf8.span) == .needsRewriting)
        #expect(normalised(path) == canonical)
        #expect(try RoutingPath.check(canonical.utf8.span) == .canonical)
    }

    @Test(arguments: [
        ("", "notAbsolute"), ("v1", "notAbsolute"), ("*", "notAbsolute"), ("http://x/", "notAbsolute"),
        ("//", "emptySegment"), ("//v1", "emptySegment"), ("/v1//jobs", "emptySegment"), ("/v1//", "emptySegment"),
        ("/.", "dotSegment"), ("/..", "dotSegment"), ("/./a", "dotSegment"), ("/a/../b", "dotSegment"),
        ("/a/..", "dotSegment"), ("/a/%2e%2e/b", "dotSegment"), ("/a/.%2E/b", "dotSegment"), ("/%2e", "dotSegment"),
        ("/a/..;/b", "dotSegment"), ("/a/.;x=1", "dotSegment"), ("/a/%2e%2e;x/b", "dotSegment"),
        ("/..%3B/b", "dotSegment"),
        ("/a%2Fb", "forbiddenEscape"), ("/a%2fb", "forbiddenEscape"), ("/a%5Cb", "forbiddenEscape"),
        ("/a%00", "forbiddenEscape"), ("/a%0d%0aX", "forbiddenEscape"), ("/a%1F", "forbiddenEscape"),
        ("/a%7f", "forbiddenEscape"), ("/..%2fb", "forbiddenEscape"),
        ("/%", "malformedEscape"), ("/%2", "malformedEscape"), ("/%2/", "malformedEscape"), ("/%zz", "malformedEscape"),
        ("/%%41", "malformedEscape"), ("/%u0041", "malformedEscape"),
        ("/a\\b", "forbiddenByte"), ("/a b", "forbiddenByte"), ("/a?b", "forbiddenByte"), ("/a#b", "forbiddenByte"),
        ("/a\u{0}", "forbiddenByte"), ("/a\u{7f}", "forbiddenByte"), ("/\u{e9}", "forbiddenByte"),
    ])
    func `ambiguous paths are refused`(path: String, refusal: String) {
        #expect(normalised(path) == refusal)
    }

    @Test func `where in a path something stands makes no difference`() {
        let cases = [
            ("//", "emptySegment"), ("/.", "dotSegment"), ("/../", "dotSegment"), ("/.;a", "dotSegment"),
            ("%2F", "forbiddenEscape"), ("%4", "malformedEscape"), ("\\", "forbiddenByte"), (" ", "forbiddenByte"),
            ("?", "forbiddenByte"), ("#", "forbiddenByte"), ("\u{0}", "forbiddenByte"), ("\u{1f}", "forbiddenByte"),
            ("\u{7f}", "forbiddenByte"), ("\u{e9}", "forbiddenByte"),
        ]
        for before in 0...20 {
            for after in 0...9 {
                let start = "/" + String(repeating: "a", count: before)
                for (text, refusal) in cases {
                    // Behind these the segment must end, or more of them would follow.
                    let rest = after == 0 ? "" : text == "%4" ? "/" : "/" + String(repeating: "b", count: after)
                    guard !(before == 0 && text.hasPrefix("/")), !(text.hasSuffix("/") && !rest.isEmpty) else { continue }
                    #expect(self.normalised(start + text + rest) == refusal, "\(start + text + rest)")
                }
                let plain = start + (after == 0 ? "" : "/" + String(repeating: "b", count: after))
                guard before > 0 else { continue }
                #expect(self.normalised(plain) == plain)
                #expect(self.normalised(plain + "%41") == plain + "A")
            }
        }
    }

    @Test func `every escape is passed, rewritten or refused as the rules say`() {
        for byte in UInt8.min...UInt8.max {
            let hex = String(byte, radix: 16, uppercase: true)
            let escape = "%" + (hex.count == 1 ? "0" : "") + hex
            let character = Character(UnicodeScalar(byte))
            let isUnreserved = byte < 0x80 && (character.isLetter || character.isNumber || "-._~".contains(character))
            let isForbidden = byte < 0x20 || byte == 0x7F || character == "/" || character == "\\"
            let expected = isForbidden ? "forbiddenEscape" : isUnreserved ? "/a\(character)" : "/a\(escape)"
            #expect(normalised("/a\(escape)") == expected)
            #expect(normalised("/a\(escape.lowercased())") == expected)
        }
    }

    @Test func `what was rewritten is canonical, and means what it meant`() throws {
        func decoded(_ path: [UInt8]) -> [UInt8] {
            var bytes: [UInt8] = []
            var index = 0
            while index < path.count {
                if path[index] == UInt8(ascii: "%"), index + 2 < path.count,
                    let value = UInt8(String(decoding: path[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
                {
                    bytes.append(value)
                    index += 3
                } else {
                    bytes.append(path[index])
                    index += 1
                }
            }
            return bytes
        }
        var passed = 0
        for seed in 0..<FieldTesting.cases * 5 {
            var random = FastRandom(seed: seed)
            let path = [UInt8(ascii: "/")] + FieldTesting.bytes(of: "/.%2e2Ef;ab41", upTo: 14, &random)
            guard (try? RoutingPath.check(path.span)) != nil else { continue }
            passed += 1
            let canonical = FieldTesting.bytes { RoutingPath.append(path.span, to: &$0) }
            #expect(try RoutingPath.check(canonical.span) == .canonical, "seed \(seed)")
            #expect(FieldTesting.bytes { RoutingPath.append(canonical.span, to: &$0) } == canonical, "seed \(seed)")
            #expect(decoded(canonical) == decoded(path), "seed \(seed)")
            let segments = decoded(path).split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
            #expect(!segments.contains(".") && !segments.contains(".."), "seed \(seed)")
        }
        #expect(passed > 50)
    }

    @Test func `every refusal says what would be right`() {
        for refusal in [
            PathRefusal.notAbsolute, .forbiddenByte, .malformedEscape, .forbiddenEscape, .dotSegment, .emptySegment,
        ] {
            #expect(refusal.description.contains("path") && refusal.description.hasSuffix("."))
        }
    }
}
