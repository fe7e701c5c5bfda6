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
            var details = self.original(first)
            details.extensions.append(.init("original_status", .integer(stored.status)))
            details.extensions.append(.init("original_length", .integer(stored.length)))
            self.respond(.idempotencyResultUnavailable, details)
        case .failure:
            // The gateway's own final answer for an outcome nobody knows.
            var details = self.original(first)
            details.isReplay = true
            self.respond(ProblemCode(rawValue: stored.slug) ?? .upstreamConnectionLost, details)
        }
    }

    private func original(_ first: [UInt8]) -> ProblemDetails {
        var details = ProblemDetails()
        details.extensions.append(.init("original_request_id", .string(String(decoding: first, as: UTF8.self))))
        return details
    }

    private func replay(status: Int, headers: ByteBuffer, body: ByteBuffer, first: [UInt8]) {
        self.responseStatus = status
        self.answer.clear()
        self.answer.writeStatusLine(status)
        self.answer.writeImmutableBuffer(headers)
        self.answer.writeField("Idempotent-Replayed", "true")
        self.answer.writeFieldName("Idempotent-Original-Request")
        self.answer.writeBytes(first)
        self.answer.writeLineEnd()
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
}
