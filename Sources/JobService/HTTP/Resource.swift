import HTTPTypes
import Hummingbird

/// What answers one method of one path.
typealias RouteHandler = @Sendable (Request, BasicRequestContext) async throws -> Response

extension Router<BasicRequestContext> {
    /// Serves a path with the given methods, HEAD like GET, and refuses all others with 405 and `Allow`.
    func resource(_ path: RouterPath, _ handlers: [HTTPRequest.Method: RouteHandler]) {
        var allowed = handlers.keys.map(\.rawValue)
        if handlers[.get] != nil { allowed.append("HEAD") }
        let allow = allowed.sorted().joined(separator: ", ")
        for (method, handler) in handlers { self.on(path, method: method, use: handler) }
        let others: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        for method in others where !allowed.contains(method.rawValue) {
            self.on(path, method: method) { _, _ -> Response in
                var problem = Problem(.methodNotAllowed, "This path takes: \(allow).")
                problem.headers[.allow] = allow
                throw problem
            }
        }
    }
}
