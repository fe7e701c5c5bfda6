@testable import Domain

/// The rules of `RouteTable` written down as plainly as possible: every route is looked at, all that match are ranked.
struct NaiveRouter {
    let routes: [Route]

    func match(method: String, host: String, path: String) -> RouteMatchDescription {
        var best: (rank: [Int], index: Int)?
        var allowed = Set<String>()
        for (index, route) in routes.enumerated() {
            guard let hostRank = hostRank(route, host), let pathRank = pathRank(route.path, path) else { continue }
            let takes =
                route.methods.isEmpty ? method != "TRACE" && method != "CONNECT" : route.methods.contains(method)
            guard takes else {
                let all = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] + routes.flatMap(\.methods)
                allowed.formUnion(
                    route.methods.isEmpty ? all.filter { $0 != "TRACE" && $0 != "CONNECT" } : route.methods)
                continue
            }
            let rank = [hostRank] + pathRank + [route.methods.isEmpty ? 1 : 0]
            if let known = best, !rank.lexicographicallyPrecedes(known.rank) { continue }
            best = (rank, index)
        }
        if let best { return .route(best.index) }
        if !allowed.isEmpty { return .methodNotAllowed(allowed) }
        let isServed = routes.contains { hostRank($0, host) != nil }
        return isServed || routes.allSatisfy(\.hosts.isEmpty) ? .notFound : .hostNotServed
    }

    /// Smaller is more specific; nil does not match.
    private func hostRank(_ route: Route, _ host: String) -> Int? {
        if route.hosts.isEmpty { return 10_000 }
        var name = host.lowercased()
        if let colon = name.lastIndex(of: ":"), !name.hasSuffix("]") { name = String(name[..<colon]) }
        if name.hasSuffix(".") { name = String(name.dropLast()) }
        let ranks = route.hosts.compactMap { pattern -> Int? in
            if pattern == name { return 0 }
            guard pattern.hasPrefix("*."), name.hasSuffix(pattern.dropFirst()), name.count >= pattern.count else {
                return nil
            }
            return 1_000 - pattern.count
        }
        return ranks.min()
    }

    /// A digit for each segment: 0 literal, 1 parameter, 2 everything below.
    private func pathRank(_ pattern: String, _ path: String) -> [Int]? {
        var rank: [Int] = []
        var given = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)[...]
        for wanted in pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            if wanted == "**" { return rank + [2] }
            guard let segment = given.popFirst() else { return nil }
            if wanted.hasPrefix("{") {
                guard !segment.isEmpty else { return nil }
                rank.append(1)
            } else {
                guard segment == wanted else { return nil }
                rank.append(0)
            }
        }
        return given.isEmpty ? rank : nil
    }
}

/// A `RouteMatch` with the methods spelt out.
enum RouteMatchDescription: Equatable {
    case route(Int)
    case methodNotAllowed(Set<String>)
    case notFound
    case hostNotServed
}

extension RouteTable {
    func describe(_ method: String, _ host: String, _ path: String) -> RouteMatchDescription {
        let (method, host, path) = (Array(method.utf8), Array(host.utf8), Array(path.utf8))
        switch match(method: method.span, host: host.span, path: path.span) {
        case .route(let index): return .route(index)
        case .methodNotAllowed(let value):
            let names = String(decoding: allow(value), as: UTF8.self).split(separator: ", ").map(String.init)
            return .methodNotAllowed(Set(names))
        case .notFound: return .notFound
        case .hostNotServed: return .hostNotServed
        }
    }
}
