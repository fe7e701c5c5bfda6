import HTTPTypes
import Hummingbird

/// All operations by path, as routes and as the answer to which methods a path has.
struct OperationTable: Sendable {
    let operations: [Operation]
    private let paths: [(segments: [Substring], methods: [String])]

    /// - Parameter reads: paths of this listener besides, which only GET reads.
    init(_ operations: [Operation], reads: [String]) {
        self.operations = operations
        var order: [String] = []
        var methods: [String: [String]] = [:]
        for (path, method) in reads.map({ ($0, "GET") }) + operations.map({ ($0.path, $0.method.rawValue) }) {
            if methods[path] == nil { order.append(path) }
            methods[path, default: []] += method == "GET" ? ["GET", "HEAD"] : [method]
        }
        self.paths = order.map { ($0.split(separator: "/"), (methods[$0] ?? []).sorted()) }
    }

    /// The methods of the most literal path that matches; empty where nothing does.
    @Sendable func methods(of path: String) -> [String] {
        let segments = path.split(separator: "/")
        let matching = self.paths.filter { candidate in
            candidate.segments.count == segments.count
                && zip(candidate.segments, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        return matching.min { Self.wildcards($0.segments) < Self.wildcards($1.segments) }?.methods ?? []
    }

    func addRoutes(to router: Router<AdminContext>, stores: AdminStores) {
        for operation in self.operations {
            let runner = OperationRunner(operation: operation, stores: stores)
            router.on(RouterPath(operation.path), method: operation.method) { request, context in
                try await runner.respond(request, context)
            }
        }
    }

    private static func wildcards(_ segments: [Substring]) -> Int { segments.count { $0.hasPrefix("{") } }
}
