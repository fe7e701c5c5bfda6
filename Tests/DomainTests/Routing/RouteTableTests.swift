import Glibc
import Testing

@testable import Domain

@Suite struct RouteTableTests {
    func route(_ path: String, _ methods: [String] = [], hosts: [String] = []) -> Route {
        var route = Route(id: "r", path: path, upstream: "u")
        route.methods = methods
        route.hosts = hosts
        return route
    }

    @Test func `the paths of an API`() {
        let table = RouteTable([
            route("/v1/jobs", ["POST"]), route("/v1/jobs", ["GET"]), route("/v1/jobs/{id}", ["GET"]),
            route("/v1/jobs/{id}/events", ["GET"]), route("/v1/jobs/latest", ["GET"]), route("/files/**"), route("/"),
        ])
        let cases: [(String, String, RouteMatchDescription)] = [
            ("POST", "/v1/jobs", .route(0)), ("GET", "/v1/jobs", .route(1)), ("GET", "/v1/jobs/42", .route(2)),
            ("GET", "/v1/jobs/42/events", .route(3)), ("GET", "/v1/jobs/latest", .route(4)),
            ("GET", "/files", .route(5)), ("GET", "/files/", .route(5)), ("PURGE", "/files/a/b/c", .route(5)),
            ("GET", "/", .route(6)), ("GET", "/v1/jobs/", .notFound), ("GET", "/v1", .notFound),
            ("GET", "/v1/jobs//events", .notFound), ("GET", "/V1/jobs", .notFound), ("GET", "/filesystem", .notFound),
            ("GET", "", .notFound), ("OPTIONS", "*", .notFound), ("GET", "v1/jobs", .notFound),
            ("DELETE", "/v1/jobs", .methodNotAllowed(["GET", "POST"])),
            ("get", "/v1/jobs", .methodNotAllowed(["GET", "POST"])),
            ("TRACE", "/", .methodNotAllowed(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])),
        ]
        for (method, path, expected) in cases {
            #expect(table.describe(method, "api.test", path) == expected, "\(method) \(path)")
        }
    }

    @Test func `Allow lists methods in a fixed order`() {
        let table = RouteTable([route("/a", ["POST", "LINK"]), route("/a", ["GET"])])
        let (method, host, path) = (Array("PUT".utf8), Array("h".utf8), Array("/a".utf8))
        guard case .methodNotAllowed(let allow) = table.match(method: method.span, host: host.span, path: path.span)
        else {
            Issue.record("PUT /a is not refused")
            return
        }
        #expect(String(decoding: table.allow(allow), as: UTF8.self) == "GET, POST, LINK")
    }

    @Test func `a less specific pattern that takes the method is found behind a more specific one that does not`() {
        let table = RouteTable([
            route("/a/b", ["POST"]), route("/a/{x}", ["GET"]), route("/a/**", ["DELETE"]),
            route("/a/b", ["PUT"], hosts: ["h.test"]),
        ])
        #expect(table.describe("GET", "h.test", "/a/b") == .route(1))
        #expect(table.describe("DELETE", "h.test", "/a/b") == .route(2))
        #expect(table.describe("PUT", "h.test", "/a/b") == .route(3))
        #expect(table.describe("PATCH", "h.test", "/a/b") == .methodNotAllowed(["POST", "GET", "DELETE", "PUT"]))
    }

    @Test func `a literal dead end does not hide a parameter`() {
        let table = RouteTable([route("/a/b/c"), route("/a/{x}/d"), route("/{y}/b/e")])
        #expect(table.describe("GET", "", "/a/b/d") == .route(1))
        #expect(table.describe("GET", "", "/a/b/e") == .route(2))
    }

    @Test func `hosts: exact before wildcards, longer wildcards first, then none`() {
        let table = RouteTable([
            route("/**"), route("/**", hosts: ["*.test"]), route("/**", hosts: ["*.api.test", "other.test"]),
            route("/**", hosts: ["A.api.test"]),
        ])
        let cases: [(String, Int)] = [
            ("a.api.test", 3), ("A.API.TEST:8080", 3), ("a.api.test.", 3), ("b.api.test", 2), ("x.b.api.test", 2),
            ("api.test", 1), ("test", 0), (".test", 0), ("other.test:1", 2), ("", 0), ("[::1]:8080", 0), ("[::1]", 0),
            (String(repeating: "a.", count: 200) + "test", 0),
        ]
        for (host, expected) in cases { #expect(table.describe("GET", host, "/") == .route(expected), "\(host)") }
    }

    @Test func `a host is misdirected only where every route names hosts`() {
        let named = RouteTable([route("/a", hosts: ["h.test"]), route("/b", hosts: ["[::1]"])])
        #expect(named.describe("GET", "x.test", "/a") == .hostNotServed)
        #expect(named.describe("GET", "h.test", "/x") == .notFound)
        #expect(named.describe("GET", "[::1]:80", "/b") == .route(1))
        let mixed = RouteTable([route("/a", hosts: ["h.test"]), route("/b")])
        #expect(mixed.describe("GET", "x.test", "/a") == .notFound)
        #expect(RouteTable([]).describe("GET", "x.test", "/a") == .notFound)
    }

    @Test func `methods beyond those that can be numbered are taken as any other`() {
        let names = (0..<80).map { "M\($0)" }
        let table = RouteTable([route("/a", names), route("/b")])
        #expect(table.describe("M0", "", "/a") == .route(0))
        #expect(table.describe("M79", "", "/b") == .route(1))
        #expect(table.describe("CONNECT", "", "/b") != .route(1))
    }

    @Test func `a thousand routes under one node, each found`() {
        let table = RouteTable((0..<1_000).map { route("/v1/r\($0)/{id}", ["GET"]) })
        for index in 0..<1_000 { #expect(table.describe("GET", "", "/v1/r\(index)/x") == .route(index)) }
        #expect(table.describe("GET", "", "/v1/r1000/x") == .notFound)
    }

    @Test func `any table answers as the naive router does`() {
        let isFull = getenv("TOLLGATE_FULL") != nil
        for seed in 0..<(isFull ? 20_000 : 400) {
            var random = SeededBytes(seed: UInt64(seed))
            let routes = (0..<Int.random(in: 1...12, using: &random)).map { _ in randomRoute(&random) }
            let table = RouteTable(routes)
            let naive = NaiveRouter(routes: routes)
            for _ in 0..<40 {
                let method = ["GET", "POST", "TRACE", "LINK"].randomElement(using: &random) ?? "GET"
                let host =
                    ["a.test", "B.a.test:80", "c.b.a.test.", "test", "[::1]:8"].randomElement(using: &random) ?? ""
                let depth = Int.random(in: 0...4, using: &random)
                let path =
                    "/"
                    + (0..<depth).map { _ in ["a", "b", "c", ""].randomElement(using: &random) ?? "" }
                    .joined(separator: "/")
                let (got, wanted) = (
                    table.describe(method, host, path), naive.match(method: method, host: host, path: path)
                )
                guard got == wanted else {
                    Issue.record("seed \(seed): \(method) \(host) \(path): \(got), not \(wanted), in \(routes)")
                    return
                }
            }
        }
    }

    private func randomRoute(_ random: inout SeededBytes) -> Route {
        let depth = Int.random(in: 0...4, using: &random)
        var parts = (0..<depth).map { _ in ["a", "b", "c", "{x}"].randomElement(using: &random) ?? "a" }
        if Int.random(in: 0..<4, using: &random) == 0 { parts.append("**") }
        var methods: [String] = []
        for method in ["GET", "POST", "LINK"] where Bool.random(using: &random) { methods.append(method) }
        let hosts = [[], [], ["a.test"], ["*.a.test"], ["*.test", "test"], ["*.b.a.test"], ["[::1]"]]
            .randomElement(using: &random)
        return route("/" + parts.joined(separator: "/"), methods, hosts: hosts ?? [])
    }
}
