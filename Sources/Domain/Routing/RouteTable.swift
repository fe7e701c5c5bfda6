/// What a request's method, host and path lead to.
public enum RouteMatch: Sendable, Equatable {
    /// The position of the route in the configuration.
    case route(Int)
    /// Routes match but none takes the method; `RouteTable.allow` makes the `Allow` field from the value.
    case methodNotAllowed(allow: Int)
    case notFound
    /// Every route names hosts, and none names this one: 421.
    case hostNotServed
}

/// The routes of a configuration, compiled for matching: built once, read by every request, nothing allocated.
///
/// The most specific route that takes the method wins: an exact host before `*.host` (longer first) before none; then,
/// at the first segment that differs, a literal before `{name}` before `**`; then a route that names its methods before
/// one that takes any; then the order of the file.
public final class RouteTable: Sendable {
    // A class, because a struct of several arrays is copied, and each array counted up and down, when it is read out of
    // the property of another.
    private let trie: RouteTrie
    private let hosts: HostTable
    private let methods: MethodTable

    /// Routes whose pattern is not valid match nothing; `Settings` refuses them before.
    public init(_ routes: [Route]) {
        var builder = RouteTrie.Builder()
        var methods = MethodTable()
        var roots: [String: Int] = [:]
        var anyRoot: Int?
        for (index, route) in routes.enumerated() {
            guard let pattern = try? RoutePattern(route.path) else { continue }
            let mask = methods.mask(of: route.methods)
            var targets: [Int] = []
            for host in Set(route.hosts.map { $0.lowercased() }) {
                let root = roots[host] ?? builder.makeRoot()
                roots[host] = root
                targets.append(root)
            }
            if route.hosts.isEmpty {
                let root = anyRoot ?? builder.makeRoot()
                anyRoot = root
                targets.append(root)
            }
            for root in targets {
                builder.insert(
                    pattern, root: root, route: index, methods: mask, namesMethods: !route.methods.isEmpty)
            }
        }
        self.methods = methods
        self.trie = builder.build()
        let entries = roots.map { host, root in
            let isWildcard = host.hasPrefix("*.")
            return HostTable.Entry(
                name: Array(host.utf8.dropFirst(isWildcard ? 2 : 0)), isWildcard: isWildcard, root: root)
        }
        self.hosts = HostTable(entries, anyRoot: anyRoot)
    }

    /// `host` as in the `Host` field (a port is ignored, case too); `path` in the form of `RoutePath`, without query.
    public func match(method: Span<UInt8>, host: Span<UInt8>, path: Span<UInt8>) -> RouteMatch {
        let method = methods.bit(of: method)
        let isPath = !path.isEmpty && path[0] == UInt8(ascii: "/")
        var allowed = 0
        if hosts.isEmpty, let root = hosts.anyRoot {
            guard isPath else { return .notFound }
            let found = trie.find(root: root, path: path, start: 1, method: method, allowed: &allowed)
            if found >= 0 { return .route(found) }
            return allowed != 0 ? .methodNotAllowed(allow: allowed) : .notFound
        }
        var found = -1
        let isServed = hosts.visit(host: host) { root in
            guard isPath else { return true }
            found = trie.find(root: root, path: path, start: 1, method: method, allowed: &allowed)
            return found >= 0
        }
        if found >= 0 { return .route(found) }
        if allowed != 0 { return .methodNotAllowed(allow: allowed) }
        return isServed || hosts.isEmpty ? .notFound : .hostNotServed
    }

    /// The value of the `Allow` field for a `methodNotAllowed`, `GET, POST`.
    public func allow(_ value: Int) -> [UInt8] { methods.allow(value) }
}
