import Domain
import Glibc
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Makes every refusal and failure a problem document (STANDARDS §3), and gives each request an id.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = BasicRequestContext

    let errors: ErrorSettings
    let logger: Logger

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let requestID = RecordID.make(prefix: "req_", nowMs: Self.nowMs()) { UInt8.random(in: .min ... .max) }
        var response: Response
        do {
            response = try await next(request, context)
        } catch let problem as AdminProblem {
            response = self.response(problem.code, detail: problem.detail, requestID: requestID)
        } catch let error as HTTPError {
            response = self.response(for: error, request: request, requestID: requestID)
        } catch {
            self.logger.error(
                "Admin request failed",
                metadata: [
                    "url.path": "\(request.uri.path)", "request_id": "\(requestID)", "error": "\(error)",
                ])
            response = self.response(.internalError, detail: nil, requestID: requestID)
        }
        response.headers[.xRequestID] = requestID
        return response
    }

    /// What the router itself refuses.
    private func response(for error: HTTPError, request: Request, requestID: String) -> Response {
        let isKnownPath = ["/", "/healthz", "/readyz", "/metrics", "/problems"].contains(request.uri.path)
        guard error.status.code == 404 else {
            let code: ProblemCode = error.status.code < 500 ? .invalidRequest : .internalError
            return self.response(code, detail: nil, requestID: requestID)
        }
        if isKnownPath, request.method != .get, request.method != .head {
            var response = self.response(.methodNotAllowed, detail: "Use GET.", requestID: requestID)
            response.headers[.allow] = "GET, HEAD"
            return response
        }
        return self.response(.routeNotFound, detail: "The admin listener has no such path.", requestID: requestID)
    }

    private func response(_ code: ProblemCode, detail: String?, requestID: String) -> Response {
        var members = [
            "\"type\":\(JSONText.quoted(self.errors.baseURI + code.slug))", "\"title\":\(JSONText.quoted(code.title))",
            "\"status\":\(code.status)",
        ]
        if let detail { members.append("\"detail\":\(JSONText.quoted(detail))") }
        members.append("\"code\":\(JSONText.quoted(code.slug))")
        members.append("\"request_id\":\(JSONText.quoted(requestID))")
        var response = AdminAnswer.text(
            "{\(members.joined(separator: ","))}\n", type: "application/problem+json", status: code.status)
        response.headers[.contentLanguage] = "en"
        response.headers[.xTollgateError] = code.slug
        if code.status == 401 {
            response.headers[.wwwAuthenticate] =
                code == .credentialsMissing
                ? "Bearer realm=\"admin\""
                : "Bearer realm=\"admin\", error=\"invalid_token\", error_description=\"The admin token is not valid\""
        }
        return response
    }

    private static func nowMs() -> Int {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int(now.tv_sec) * 1_000 + Int(now.tv_nsec) / 1_000_000
    }
}
