import Testing

@testable import Domain

@Suite struct RoutePathTests {
    func canonical(_ path: String) -> String? {
        let bytes = Array(path.utf8)
        return RoutePath.canonical(bytes.span).map { String(decoding: $0, as: UTF8.self) }
    }

    func isCanonical(_ path: String) -> Bool {
        let bytes = Array(path.utf8)
        return RoutePath.isCanonical(bytes.span)
    }

    @Test(
        arguments: [
            ("/", "/"), ("/v1/jobs", "/v1/jobs"), ("/v1//jobs/", "/v1//jobs/"), ("/a.b/..c/d..", "/a.b/..c/d.."),
            ("/a/./b", "/a/b"), ("/a/.", "/a/"), ("/a/..", "/"), ("/a/b/../c", "/a/c"), ("/a/b/..", "/a/"),
            ("/.", "/"), ("/./", "/"), ("/a/%2e%2E/b", "/b"), ("/%61%7e", "/a~"), ("/a%2fb", "/a%2Fb"),
            ("/a%2F..%2Fb", "/a%2F..%2Fb"), ("/%c3%a9", "/%C3%A9"), ("/a%20b", "/a%20b"), ("/a//../b", "/a/b"),
            ("/...", "/..."), ("/%252e", "/%252e"),
        ])
    func `the canonical form`(path: String, expected: String) {
        #expect(canonical(path) == expected)
        #expect(isCanonical(path) == (path == expected), "\(path)")
    }

    @Test(arguments: ["", "a", "*", "/..", "/a/../..", "/%2e%2e", "/%", "/%2", "/%zz", "/%00", "/a%0d%0ab", "/%7f"])
    func `paths without a canonical form`(path: String) {
        #expect(canonical(path) == nil)
        #expect(!isCanonical(path))
    }

    @Test func `the canonical form of a canonical form is itself`() {
        let pieces = ["/", "a", ".", "..", "%2e", "%2F", "%61", "b", "//"]
        for seed in 0..<5_000 {
            var random = SeededBytes(seed: UInt64(seed))
            let text = "/" + (0..<8).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            guard let once = canonical(text) else { continue }
            guard isCanonical(once), canonical(once) == once else {
                Issue.record("seed \(seed): \(text) becomes \(once)")
                return
            }
        }
    }

    @Test func `patterns are taken apart`() throws {
        let pattern = try RoutePattern("/v1/jobs/{job_id}/**")
        #expect(pattern.matchesBelow)
        #expect(
            pattern.segments == [.literal(Array("v1".utf8)), .literal(Array("jobs".utf8)), .parameter("job_id")])
        #expect(try RoutePattern("/").segments == [.literal([])])
        #expect(try RoutePattern("/**").segments.isEmpty)
    }

    @Test(
        arguments: [
            "", "v1", "/a//b", "/a/**/b", "/a*", "/*", "/a{b}", "/{B}", "/{}", "/{1}", "/a b", "/a?b", "/a/../b",
            "/./a",
            "/%2e", "/%2f", "/é", "/a\\b", "/" + String(repeating: "a/", count: 40),
        ])
    func `patterns that cannot be used are refused with a reason`(text: String) {
        #expect(throws: RoutePatternError.self) { try RoutePattern(text) }
    }
}
