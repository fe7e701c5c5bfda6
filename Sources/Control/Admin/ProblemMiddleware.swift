import Domain
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import PostgresClient
import Records

/// Makes every refusal and failure a problem document (STANDARDS §3), and gives each answer its request id.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = AdminContext

    let errors: ErrorSettings
    /// The methods of a path, if there is such a path.
    let methods: @Sendable (String) -> [String]
    let logger: Logger

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = self.response(for: error, request: request, context: context)
        }
        response.headers[.xRequestID] = context.requestID
        return response
    }

    private func response(for error: any Error, request: Request, context: Context) -> Response {
        switch error {
        case let problem as AdminProblem: return self.response(problem, context)
        case let refusal as RecordsError: return self.response(AdminProblem(refusal), context)
        case let error as HTTPError: return self.response(for: error, request: request, context)
        case let error as PostgresError:
            if let problem = AdminProblem(error) {
                if problem.code == .recordsUnavailable { self.log(error, request, context) }
                return self.response(problem, context)
            }
        default: break
        }
        self.log(error, request, context)
        return self.response(AdminProblem(.internalError), context)
    }

    private func log(_ error: any Error, _ request: Request, _ context: Context) {
        self.logger.error(
            "Admin request failed",
            metadata: [
                "url.path": "\(request.uri.path)", "request_id": "\(context.requestID)", "error": "\(error)",
            ])
    }

    /// What the router itself refuses.
    private func response(for error: HTTPError, request: Request, _ context: Context) -> Response {
        guard error.status.code == 404 else {
            let code: ProblemCode =
                error.status.code == 413 ? .contentTooLarge : error.status.code < 500 ? .invalidRequest : .internalError
            return self.response(AdminProblem(code), context)
        }
        let methods = self.methods(request.uri.path)
        guard !methods.isEmpty else {
            return self.response(
                AdminProblem(.routeNotFound, detail: "The admin listener has no such path."), context)
        }
        let allowed = methods.joined(separator: ", ")
        var response = self.response(AdminProblem(.methodNotAllowed, detail: "Use \(allowed)."), context)
        response.headers[.allow] = allowed
        return response
    }

    private func response(_ problem: AdminProblem, _ context: Context) -> Response {
        let code = problem.code
        var members: [JSON.Member] = [
            .init("type", .string(self.errors.baseURI + code.slug)), .init("title", .string(code.title)),
            .init("status", .int(code.status)), .init("detail", .string(problem.detail ?? code.detail)),
            .init("code", .string(code.slug)), .init("request_id", .string(context.requestID)),
        ]
        if !problem.errors.isEmpty {
            // Enough to mend a request by; what is beyond is found the next time.
            members.append(.init("errors", .array(problem.errors.prefix(50).map(\.json))))
        }
        let retryAfter = problem.retryAfterSeconds ?? code.retryAfterSeconds
        if let retryAfter { members.append(.init("retry_after_ms", .int(retryAfter * 1_000))) }
        var response = AdminAnswer.text(
            JSON.object(members).encoded + "\n", type: "application/problem+json", status: code.status)
        response.headers[.contentLanguage] = "en"
        response.headers[.xTollgateError] = code.slug
        if let retryAfter { response.headers[.retryAfterSeconds] = String(retryAfter) }
        if code.status == 401 {
            response.headers[.wwwAuthenticate] =
                code == .credentialsMissing
                ? "Bearer realm=\"admin\""
                : "Bearer realm=\"admin\", error=\"invalid_token\", error_description=\"The admin token is not valid\""
        }
        return response
    }
}
