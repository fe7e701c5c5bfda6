import HTTPTypes
import Hummingbird
import Logging
import PostgresClient

/// Turns everything that handlers throw into problem documents, and gives every answer its request id.
struct ProblemMiddleware: RouterMiddleware {
    typealias Context = BasicRequestContext

    @concurrent
    func handle(
        _ request: Request, context: BasicRequestContext,
        next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        let requestID = request.headers[.requestID] ?? Self.newRequestID()
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let problem = Self.problem(for: error)
            if problem.kind.status >= 500 {
                context.logger.error(
                    "request failed",
                    metadata: ["request_id": "\(requestID)", "path": "\(request.uri.path)", "error": "\(error)"])
            }
            response = problem.response(requestID: requestID)
            if request.method == .head { response = response.createHeadResponse() }
        }
        response.headers[.requestID] = requestID
        return response
    }

    /// What a client learns of an error: nothing about statements, servers or addresses.
    static func problem(for error: any Error) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as PostgresError:
            switch error.source {
            case .unreachable, .connectionLost, .timeout, .busy, .closed, .authentication, .serialization:
                var problem = Problem(.unavailable, "The job queue cannot be reached at the moment; try again soon.")
                problem.headers[.retryAfter] = "2"
                problem.members["retry_after_ms"] = 2_000
                return problem
            case .constraint:
                return Problem(.conflict, "The records refuse this: the organisation or API key is not known there.")
            case .configuration, .cancelled, .data, .statement, .misuse:
                return Problem(.internalError, "The request could not be carried out; the error was logged.")
            }
        case let error as HTTPError where error.status == .notFound:
            return Problem(.routeNotFound, "Nothing is served at this path.")
        default: return Problem(.internalError, "The request could not be carried out; the error was logged.")
        }
    }

    private static func newRequestID() -> String {
        "req_" + (0..<2).map { _ in UInt64.random(in: .min ... .max).fixedHex }.joined()
    }
}
