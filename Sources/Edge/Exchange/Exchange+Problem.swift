import Domain
import HTTPWire
import NIOCore

/// Answers that the gateway makes itself (RFC 9457, STANDARDS §3).
extension Exchange {
    /// What a problem document says beyond its code.
    struct ProblemDetails {
        var detail: String?
        var extensions: [ProblemDocument.Extension] = []
        /// Milliseconds until it is worth trying again; 0 says nothing, −1 that it never is.
        var waitMs = 0
        /// Set where this is a stored answer served again: the id of the request that got it first.
        var replayOf: [UInt8]?
        /// Whether trying again is worth it, where the request knows better than the code.
        var shouldRetry: Bool?
    }

    /// Refuses the request before anything was sent upstream.
    func refuse(_ code: ProblemCode, _ details: ProblemDetails = ProblemDetails()) {
        self.machine.refused()
        self.respond(code, details)
    }

    /// Refuses bytes that are not HTTP: nobody can say where the next request would begin.
    func refuse(_ error: WireError) {
        self.loop.counters.wireErrors += 1
        self.machine.refused()
        self.clientKeepsAlive = false
        self.requestBodyEnded = false
        self.noteMalformed()
        let code: ProblemCode =
            switch error.status {
            case 414: .uriTooLong
            case 431: .headerFieldsTooLarge
            case 417: .expectationFailed
            case 501: .notImplemented
            case 505: .httpVersionNotSupported
            default: .malformedRequest
            }
        var details = ProblemDetails()
        details.detail = "\(error.explanation)"
        self.respond(code, details)
    }

    /// Writes the problem as the answer, and settles what the connection does next.
    func respond(_ code: ProblemCode, _ given: ProblemDetails) {
        var details = given
        // Its end is the system's to say, wherever a request meets it.
        if code == .maintenance { details.waitMs = self.loop.system.waitMs(wallMs: self.loop.wallMs) }
        self.problem = code
        self.loop.counters.problems[code.index] += 1
        self.responseStatus = code.status
        guard let handler else { return self.finish() }
        let unread = !self.requestBodyEnded
        let discards = unread && self.mayDiscard && !code.closesConnection
        if code.closesConnection || (unread && !discards) { self.clientKeepsAlive = false }
        var body = ByteBuffer()
        self.document(code, details).append(to: &body)
        self.loop.spareBuffers.lend(&self.answer)
        self.answer.writeStatusLine(code.status)
        self.writeProblemFields(code, details)
        self.answer.endResponseHead(
            code.status, framing: .length(body.readableBytes), connection: self.clientKeepsAlive ? .keepAlive : .close,
            clientMinorVersion: self.request.minorVersion)
        if self.request.method != .head {
            self.responseBytes = body.readableBytes
            self.answer.writeBuffer(&body)
        }
        self.writeAnswer(flush: true)
        _ = handler
        self.finish(discardingBody: discards)
    }

    /// A body of known small size without an expectation is worth reading to its end.
    private var mayDiscard: Bool {
        guard self.clientKeepsAlive, !self.request.expectsContinue else { return false }
        guard case .length(let length) = self.request.framing else { return false }
        return length <= Self.discardBytesMax
    }

    private func document(_ code: ProblemCode, _ details: ProblemDetails) -> ProblemDocument {
        var extensions = details.extensions
        if details.waitMs > 0 { extensions.append(.init("retry_after_ms", .integer(details.waitMs))) }
        return ProblemDocument(
            typeBase: self.loop.configuration.errors.baseURI, code: code.rawValue, title: code.title,
            status: code.status, detail: details.detail ?? code.detail, requestID: self.requestID.description,
            extensions: extensions)
    }

    private func writeProblemFields(_ code: ProblemCode, _ details: ProblemDetails) {
        self.answer.writeStaticString(
            "Content-Type: application/problem+json\r\nCache-Control: no-store\r\nContent-Language: en\r\n")
        self.answer.writeFieldName("X-Tollgate-Error")
        self.answer.writeString(code.rawValue)
        self.answer.writeLineEnd()
        // Limits are nobody's business before the caller is known (RL-6).
        if code.status == 401 || code.status == 403 { self.readings.removeAll(keepingCapacity: true) }
        self.writeGatewayFields(isEventStream: false, hasDate: false)
        if let first = details.replayOf { self.writeReplayFields(first) }
        self.writeChallenge(code)
        if details.waitMs > 0 {
            RateLimitFields.appendRetryLines(waitMs: details.waitMs, to: &self.answer)
        } else if let seconds = code.retryAfterSeconds {
            self.answer.writeField("Retry-After", decimal: seconds)
        }
        switch details.shouldRetry ?? (details.waitMs < 0 ? false : code.shouldRetry) {
        case false?: self.answer.writeField("X-Should-Retry", "false")
        case true?: self.answer.writeField("X-Should-Retry", "true")
        case nil: break
        }
        if code == .methodNotAllowed {
            self.answer.writeFieldName("Allow")
            self.answer.writeBytes(self.loop.routeTable.allow(self.allowIndex))
            self.answer.writeLineEnd()
        }
        if code == .idempotencyKeyMissing || code == .idempotencyKeyInvalid,
            let url = self.loop.configuration.errors.documentationURL
        {
            self.answer.writeFieldName("Link")
            self.answer.writeString("<\(url)>; rel=\"describedby\"; type=\"text/html\"\r\n")
        }
    }

    /// RFC 6750 §3: every 401 carries a challenge; a bare one when no credential was sent.
    private func writeChallenge(_ code: ProblemCode) {
        switch code {
        case .credentialsMissing:
            self.answer.writeField("WWW-Authenticate", "Bearer realm=\"api\"")
        case .apiKeyInvalid, .apiKeyExpired, .apiKeyRevoked:
            self.answer.writeField(
                "WWW-Authenticate",
                "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"The API key is not valid\"")
        case .multipleCredentials:
            self.answer.writeField(
                "WWW-Authenticate",
                "Bearer realm=\"api\", error=\"invalid_request\", error_description=\"Use one credential\"")
        case .insufficientScope:
            self.answer.writeFieldName("WWW-Authenticate")
            self.answer.writeString("Bearer realm=\"api\", error=\"insufficient_scope\"")
            if let scopes = self.route?.route.scopes, !scopes.isEmpty {
                self.answer.writeString(", scope=\"\(scopes.joined(separator: " "))\"")
            }
            self.answer.writeLineEnd()
        default:
            break
        }
    }
}
