import Domain
import HTTPWire
import HotStore
import NIOCore

/// A stored response served again (STANDARDS §1): its status, end-to-end fields and exact body, with this request's own
/// id and date. Nothing is forwarded and nothing metered.
extension Exchange {
    func replay(_ stored: StoredReply, first: [UInt8]) {
        guard self.handler != nil else { return self.drop() }
        self.decision = .replay
        self.loop.counters.replays += 1
        self.machine.refused()
        switch stored.kind {
        case .response:
            self.replay(status: stored.status, headers: stored.headers, body: stored.body, first: first)
        case .unreplayable:
            var details = self.original(first, status: stored.status)
            details.extensions.append(.init("original_length", .integer(stored.length)))
            details.extensions.append(.init("original_sha256", .string(String(buffer: stored.sha256))))
            self.respond(.idempotencyResultUnavailable, details)
        case .failure:
            // The gateway's own final answer for an outcome nobody knows.
            var details = self.original(first)
            details.replayOf = first
            details.shouldRetry = false
            self.respond(ProblemCode(rawValue: stored.slug) ?? .upstreamConnectionLost, details)
        }
    }

    private func original(_ first: [UInt8], status: Int? = nil) -> ProblemDetails {
        var details = ProblemDetails()
        details.extensions.append(.init("original_request_id", .string(String(decoding: first, as: UTF8.self))))
        if let status { details.extensions.append(.init("original_status", .integer(status))) }
        return details
    }

    private func replay(status: Int, headers: ByteBuffer, body: ByteBuffer, first: [UInt8]) {
        let head = StoredHead(headers)
        switch head.delivery(to: self.keyed?.codings ?? AcceptedCodings()) {
        case .asStored:
            self.replay(status: status, lines: headers, body: body, first: first, varies: head.isCoded)
        case .decoded:
            guard let decoded = ContentInflater.decode(body) else {
                return self.cannotDecode(status: status, length: body.readableBytes, first: first)
            }
            self.replay(status: status, lines: head.withoutCoding(), body: decoded, first: first, varies: true)
        case .impossible:
            self.cannotDecode(status: status, length: body.readableBytes, first: first)
        }
    }

    /// The upstream compressed its answer although it was asked not to, and this client cannot read it.
    private func cannotDecode(status: Int, length: Int, first: [UInt8]) {
        var details = self.original(first, status: status)
        details.detail =
            "The response was stored in a content coding that Accept-Encoding excludes, and cannot be decoded here."
        details.extensions.append(.init("original_length", .integer(length)))
        self.respond(.idempotencyResultUnavailable, details)
    }

    private func replay(status: Int, lines: ByteBuffer, body: ByteBuffer, first: [UInt8], varies: Bool) {
        self.responseStatus = status
        self.loop.spareBuffers.lend(&self.answer)
        self.answer.writeStatusLine(status)
        self.answer.writeImmutableBuffer(lines)
        if varies { self.answer.writeField("Vary", "Accept-Encoding") }
        self.writeReplayFields(first)
        self.writeGatewayFields(isEventStream: false, hasDate: false)
        let hasNoBody = status < 200 || status == 204 || status == 304
        self.answer.endResponseHead(
            status, framing: hasNoBody ? .none : .length(body.readableBytes),
            connection: self.clientKeepsAlive ? .keepAlive : .close, clientMinorVersion: self.request.minorVersion)
        if !hasNoBody {
            self.responseBytes = body.readableBytes
            self.answer.writeImmutableBuffer(body)
        }
        self.writeAnswer(flush: true)
        self.finish()
    }

    /// Says that the answer was given before, and to which request.
    func writeReplayFields(_ first: [UInt8]) {
        self.answer.writeField("Idempotent-Replayed", "true")
        self.answer.writeField("Idempotent-Original-Request", bytes: first.span)
    }
}
