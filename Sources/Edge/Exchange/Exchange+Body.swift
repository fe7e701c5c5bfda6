import Domain
import HTTPWire
import NIOCore

/// The request's body on its way: streamed, gathered for a fingerprint, or thrown away.
extension Exchange {
    /// A small body that came with its head goes out with it, in one write; and the request can be sent again.
    static let earlyBodyBytesMax = 64 * 1024

    /// Takes the body out of `buffer` if all of it is there and small.
    func takeEarlyBody(_ buffer: inout ByteBuffer) {
        guard !self.requestBodyEnded, case .length(let length) = self.request.framing,
            length <= Self.earlyBodyBytesMax, buffer.readableBytes >= length,
            let body = buffer.readSlice(length: length)
        else { return }
        self.outgoing.writeImmutableBuffer(body)
        self.requestBytes = length
        self.requestBodyEnded = true
    }

    /// The same for bytes that waited in the handler.
    func appendWaitingBody() {
        guard !self.requestBodyEnded, let handler else { return }
        var waiting = handler.takeWaiting()
        self.takeEarlyBody(&waiting)
        if waiting.readableBytes > 0 { handler.keep(waiting) }
    }

    /// Sends what `buffer` holds of the body upstream.
    func forwardBody(_ buffer: inout ByteBuffer) {
        guard let connection, let route else { return }
        var out = ByteBuffer()
        let framing = self.request.framing
        out.reserveCapacity(buffer.readableBytes + 32)
        var offset = 0
        var step = BodyStep.needsMore
        var taken = 0
        let input = buffer
        let bytes = input.readableBytesUInt8Span
        repeat {
            step = self.requestBody.next(bytes, at: &offset)
            guard case .data(let run) = step else { break }
            taken += run.count
            if framing == .chunked { out.writeChunk(run, of: bytes) } else { out.writeRange(run, of: bytes) }
        } while true
        if step == .finished, framing == .chunked {
            out.writeLastChunk(
                trailers: self.requestBody.trailers, of: bytes, connection: self.request.connection,
                dropping: .credentials)
        }
        self.requestBytes += taken
        buffer.moveReaderIndex(forwardBy: offset)
        if self.requestBytes > route.route.bodyBytesMax { return self.bodyRefused(.contentTooLarge) }
        if out.readableBytes > 0 { connection.write(out) }
        switch step {
        case .failed:
            self.bodyRefused(.malformedRequest)
        case .finished:
            self.requestBodyEnded = true
            connection.flush()
            self.requestSent()
        case .needsMore, .data:
            if self.requestBody.isFinished { self.requestBodyEnded = true }
            if self.requestBodyEnded { connection.flush(); return self.requestSent() }
            if self.machine.phase == .sent {
                self.expect(.body, withinMs: self.loop.configuration.edge.bodyIdleTimeoutMs)
            }
            if !connection.isWritable {
                // Held first: when the flush takes everything, the connection says at once that it is writable again.
                self.handler?.holdReading()
                connection.flush()
            }
        }
    }

    /// The body cannot be used to its end: the upstream has half a request, so its connection is of no more use.
    private func bodyRefused(_ code: ProblemCode) {
        self.requestBodyEnded = false
        self.abandonUpstream()
        self.requestAborted(code)
    }

    func requestBodyStalled() {
        if self.connection != nil { self.abandonUpstream() }
        self.requestAborted(.requestTimeout)
    }

    // MARK: Gathering

    /// A keyed request is held until its body is complete: the fingerprint covers it (STANDARDS §1).
    func startGathering(_ buffer: inout ByteBuffer) {
        self.stage = .gathering
        self.expect(.body, withinMs: self.loop.configuration.edge.bodyIdleTimeoutMs)
        if self.requestBodyEnded { return self.gathered() }
        if self.request.expectsContinue { self.sendContinue() }
        if buffer.readableBytes > 0 { self.gatherBody(&buffer) }
    }

    func gatherBody(_ buffer: inout ByteBuffer) {
        guard let held, let policy = self.route?.idempotency else { return }
        var offset = 0
        var step = BodyStep.needsMore
        let input = buffer
        let bytes = input.readableBytesUInt8Span
        repeat {
            step = self.requestBody.next(bytes, at: &offset)
            guard case .data(let run) = step else { break }
            held.body.writeRange(run, of: bytes)
        } while held.body.readableBytes <= policy.requestBytesMax
        buffer.moveReaderIndex(forwardBy: offset)
        self.requestBytes = held.body.readableBytes
        if self.requestBytes > policy.requestBytesMax { return self.refuse(.idempotencyBodyTooLarge) }
        switch step {
        case .failed: self.refuse(.malformedRequest)
        case .finished: self.gathered()
        case .needsMore, .data:
            if self.requestBody.isFinished { return self.gathered() }
            self.expect(.body, withinMs: self.loop.configuration.edge.bodyIdleTimeoutMs)
        }
    }

    private func gathered() {
        guard let held else { return }
        self.stage = .waiting
        self.requestBodyEnded = true
        held.isGathered = true
        self.expect(.store, withinMs: Int.max / 2)
        self.reexamine()
    }

    // MARK: Discarding

    /// Bodies up to this size are read and thrown away to keep the connection; beyond it closing is cheaper.
    static let discardBytesMax = 64 * 1024

    func discardBody(_ buffer: inout ByteBuffer) {
        var offset = 0
        var step = BodyStep.needsMore
        let input = buffer
        let bytes = input.readableBytesUInt8Span
        repeat {
            step = self.requestBody.next(bytes, at: &offset)
            guard case .data(let run) = step else { break }
            self.requestBytes += run.count
        } while self.requestBytes <= Self.discardBytesMax
        buffer.moveReaderIndex(forwardBy: offset)
        if step == .finished || self.requestBody.isFinished {
            self.requestBodyEnded = true
            self.finishConnectionTurn()
        } else if step != .needsMore {
            self.handler?.closeAfterAnswer(unreadInput: true)
        }
    }

    func discardWaitingBody() {
        guard self.stage == .discarding, let handler else { return }
        var waiting = handler.takeWaiting()
        if waiting.readableBytes > 0 { self.discardBody(&waiting) }
        if waiting.readableBytes > 0 { handler.keep(waiting) }
        handler.resumeReading()
    }
}
