import Digests
import Domain
import HTTPTypes
import Hummingbird

/// Lets everybody see health, metrics and problem pages, and asks for the admin token on everything else, whether it
/// exists or not.
struct AdminAuthentication: RouterMiddleware {
    typealias Context = BasicRequestContext

    let token: String?

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        if Self.isOpen(request.uri.path) { return try await next(request, context) }
        guard let presented = request.headers[.authorization] else { throw AdminProblem(.credentialsMissing) }
        guard let token = self.token, let bearer = Self.bearerToken(presented), ConstantTime.areEqual(bearer, token)
        else {
            throw AdminProblem(.apiKeyInvalid, detail: "The admin token is not valid.")
        }
        return try await next(request, context)
    }

    private static func isOpen(_ path: String) -> Bool {
        ["/healthz", "/readyz", "/metrics", "/problems", "/"].contains(path) || path.hasPrefix("/problems/")
    }

    /// The token of a `Bearer` credential; the scheme's case does not matter (RFC 9110 §11.1).
    private static func bearerToken(_ credential: String) -> String? {
        let parts = credential.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}
