import HTTPTypes
import Hummingbird

/// Lets everybody see what is open to all, and finds out who calls everything else, whether it exists or not.
struct AuthenticationMiddleware: RouterMiddleware {
    typealias Context = AdminContext

    let authenticator: Authenticator
    let openPaths: Set<String>

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path
        if self.openPaths.contains(path) || path.hasPrefix("/problems/") { return try await next(request, context) }
        guard let presented = request.headers[.authorization] else { throw AdminProblem(.credentialsMissing) }
        guard let token = Self.bearerToken(presented) else {
            throw AdminProblem(.apiKeyInvalid, detail: "Send the admin token as `Authorization: Bearer <token>`.")
        }
        var context = context
        context.caller = try await self.authenticator.caller(token, address: context.address)
        context.secret = token
        return try await next(request, context)
    }

    /// The token of a `Bearer` credential; the scheme's case does not matter (RFC 9110 §11.1).
    private static func bearerToken(_ credential: String) -> String? {
        let parts = credential.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer", (1...512).contains(parts[1].utf8.count) else {
            return nil
        }
        return String(parts[1])
    }
}
