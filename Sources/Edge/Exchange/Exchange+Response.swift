import Domain
import HTTPWire
import NIOCore

/// The answer on its way to the client: re-framed from its parts, with the gateway's own fields, teed where it will be
/// replayed or metered.
extension Exchange {
    /// Bytes from the upstream.
    func upstreamRead(_ buffer: ByteBuffer, on connection: UpstreamConnection) {
        guard connection === self.connection else { return }
        var buffer = buffer
        if self.isTunnel { return self.tunnelFromUpstream(buffer) }
        if self.responsePartial.readableBytes > 0 {
            self.responsePartial.writeBuffer(&buffer)
            buffer = self.responsePartial
            self.responsePartial = ByteBuffer()
        }
        while self.machine.phase == .sent {
            // Interim answers come before the final one, perhaps in the same read.
            guard self.readResponseHead(&buffer) else { return }
        }
        if self.machine.phase == .streaming { self.readResponseBody(&buffer) }
    }

    func upstreamReadComplete() {
        guard self.machine.phase == .streaming, let handler else { return }
        handler.flush()
        if !handler.isWritable { self.connection?.holdReading() }
    }

    /// Reads one head from `buffer`. False when there is none yet, or nothing more to do.
    private func readResponseHead(_ buffer: inout ByteBuffer) -> Bool {
        guard buffer.readableBytes > 0 else { return false }
        guard self.responseHeadState.isWorthParsing(buffer.readableBytesUInt8Span) else {
            self.responsePartial = buffer
            return false
        }
        var parser = ResponseParser(limits: self.loop.headLimits)
        switch parser.parse(
            buffer.readableBytesUInt8Span, answering: self.request.method, into: &self.loop.responseHead)
        {
        case .incomplete:
            self.responseHeadState.parsed(buffer.readableBytes)
            self.responsePartial = buffer
            return false
        case .failed:
            self.upstreamFailed(.protocolError)
            return false
        case .complete(let byteCount):
            self.responseHeadState.reset()
            if self.loop.responseHead.isInterim {
                self.relayInterim(buffer.readableBytesUInt8Span)
            } else {
                // A switch of protocols that nobody asked for: the connection is out of step, and no head has gone out.
                guard self.loop.responseHead.status != 101 || self.isSwitchWanted,
                    self.machine.headReceived(status: self.loop.responseHead.status)
                else {
                    self.upstreamFailed(.protocolError)
                    return false
                }
                self.startResponse(buffer.readableBytesUInt8Span)
            }
            buffer.moveReaderIndex(forwardBy: byteCount)
            return true
        }
    }

    /// 100, 102 and 103 go through; HTTP/1.0 knows none of them (RFC 9110 §15.2).
    private func relayInterim(_ bytes: Span<UInt8>) {
        let status = self.loop.responseHead.status
        guard self.request.minorVersion == 1, let handler else { return }
        if status == 100 {
            self.sendContinue()
            return
        }
        var interim = ByteBuffer()
        interim.writeStatusLine(self.loop.responseHead, of: bytes)
        interim.writeFields(
            self.loop.responseHead.fields, of: bytes, connection: self.loop.responseHead.connection,
            dropping: Self.droppedFromAnswers)
        interim.writeLineEnd()
        handler.writeAndFlush(interim)
    }

    /// Fields of an upstream's answer that describe its own quota or would pass for ours.
    static let droppedFromAnswers: FieldNameSet = [.rateLimit, .xRateLimit, .retryAfterMs, .xRequestID, .tollgate]

    private func startResponse(_ bytes: Span<UInt8>) {
        self.responseStatus = self.loop.responseHead.status
        if self.responseStatus == 101 { return self.startTunnel(bytes) }
        self.upstreamKeepsAlive = self.loop.responseHead.keepAlive
        self.responseConnection = self.loop.responseHead.connection
        let framing = self.loop.responseHead.framing
        self.responseBody.begin(framing)
        self.expect(.responseBody, withinMs: self.route?.timeouts.idleMs ?? 60_000)
        self.answersEvents = self.isEventStream(bytes)
        self.openTap(bytes)
        guard let handler else { return }
        // An answer before the request's end leaves the rest of the body unread: the connection ends with it.
        if !self.requestBodyEnded { self.clientKeepsAlive = false }
        self.reframing = self.request.minorVersion == 1 && framing == .untilClose ? .chunked : framing
        self.loop.spareBuffers.lend(&self.answer)
        // Room also for a small body behind it.
        var head = HeadWriter(&self.answer, room: min(bytes.count, Self.copiedBytesMax) + 512)
        head.writeStatusLine(self.loop.responseHead, of: bytes)
        head.writeFields(
            self.loop.responseHead.fields, of: bytes, connection: self.loop.responseHead.connection,
            dropping: Self.droppedFromAnswers)
        self.writeGatewayFields(
            isEventStream: self.answersEvents, hasDate: self.loop.responseHead.fields.contains(.date), into: &head)
        let outcome: ConnectionOutcome = self.clientKeepsAlive ? .keepAlive : .close
        head.endResponseHead(
            self.responseStatus, framing: self.reframing, declaredLength: self.loop.responseHead.declaredLength,
            connection: outcome, clientMinorVersion: self.request.minorVersion)
        head.finish(&self.answer)
        if self.reframing.forPeer(minorVersion: self.request.minorVersion) == .untilClose {
            self.clientKeepsAlive = false
        }
        self.reframing = self.reframing.forPeer(minorVersion: self.request.minorVersion)
        self.responseStarted = true
        if !handler.isWritable { self.connection?.holdReading() }
    }

    /// The gateway's own fields: request id, limits, and what an intermediary must add.
    func writeGatewayFields(isEventStream: Bool, hasDate: Bool) {
        var head = HeadWriter(&self.answer, room: 512)
        self.writeGatewayFields(isEventStream: isEventStream, hasDate: hasDate, into: &head)
        head.finish(&self.answer)
    }

    private func writeGatewayFields(isEventStream: Bool, hasDate: Bool, into head: inout HeadWriter) {
        if !hasDate {
            head.write("Date: ")
            self.loop.date.append(nowMs: Int64(self.loop.wallMs), to: &head)
            head.writeLineEnd()
        }
        head.write("X-Request-Id: ")
        self.requestID.append(to: &head)
        head.writeLineEnd()
        if isEventStream { head.writeField("X-Accel-Buffering", "no") }
        self.writeLimitFields(into: &head)
    }

    private func writeLimitFields(into head: inout HeadWriter) {
        guard !self.readings.isEmpty else { return }
        let readings = self.readings
        RateLimitFields.appendLines(readings.span, to: &head)
        if self.loop.showsLegacyLimits {
            RateLimitFields.appendLegacyLines(readings.span, nowMs: Int64(self.decidedAtMs), to: &head)
        }
    }

    func isEventStream(_ bytes: Span<UInt8>) -> Bool {
        guard let type = self.loop.responseHead.fields.first(.contentType)?.value, type.count >= 17 else {
            return false
        }
        return bytes.matches(ByteRange(type.start, type.start + 17), lowercase: "text/event-stream")
    }

    private func readResponseBody(_ buffer: inout ByteBuffer) {
        let input = buffer
        let bytes = input.readableBytesUInt8Span
        var offset = 0
        var step = BodyStep.needsMore
        let direct = self.reframing != .chunked && bytes.count >= Self.copiedBytesMax
        repeat {
            step = self.responseBody.next(bytes, at: &offset)
            guard case .data(let run) = step else { break }
            self.responseBytes += run.count
            self.tap?.write(bytes.extracting(run.bounds))
            guard self.handler != nil else { continue }
            if direct {
                self.writeAnswer(flush: false)
                if let slice = buffer.getSlice(at: buffer.readerIndex + run.start, length: run.count) {
                    self.handler?.write(slice)
                }
            } else if self.reframing == .chunked {
                self.answer.writeChunk(run, of: bytes)
            } else {
                self.answer.writeRange(run, of: bytes)
            }
        } while true
        if self.responseBody.isFinished, step == .needsMore { step = .finished }
        if step == .finished, self.reframing == .chunked, self.handler != nil {
            self.answer.writeLastChunk(
                trailers: self.responseBody.trailers, of: bytes, connection: self.responseConnection)
        }
        buffer.moveReaderIndex(forwardBy: offset)
        switch step {
        case .finished:
            self.responseEnded(leftOver: buffer.readableBytes > 0)
        case .failed:
            self.upstreamFailed(.truncated)
        case .needsMore, .data:
            self.writeAnswer(flush: false)
            if buffer.readableBytes > 0 { self.responsePartial = buffer }
            self.expect(.responseBody, withinMs: self.route?.timeouts.idleMs ?? 60_000)
        }
    }

    /// Reads at least this large are handed on as they are; smaller ones are copied behind the head, for one write.
    private static let copiedBytesMax = 16 * 1024

    func writeAnswer(flush: Bool) {
        guard let handler else { return }
        guard self.answer.readableBytes > 0 else {
            // Slices may have been written without it.
            if flush { handler.flush() }
            return
        }
        if flush { handler.writeAndFlush(self.answer) } else { handler.write(self.answer) }
        self.answer.clear()
    }

    /// The upstream's connection has ended.
    func upstreamClosed(_ connection: UpstreamConnection) {
        guard connection === self.connection else { return }
        if self.isTunnel { return self.tunnelEndedUpstream() }
        switch self.machine.phase {
        case .sent:
            self.upstreamFailed(.lost)
        case .streaming:
            // A reset is no end of an answer, not even of one that ends with its connection.
            if !connection.hasFailed, self.responseBody.connectionEnded() == .finished {
                if self.reframing == .chunked, self.handler != nil { self.answer.writeLastChunk() }
                self.upstreamKeepsAlive = false
                self.responseEnded(leftOver: false)
            } else {
                self.upstreamFailed(.truncated)
            }
        case .idle, .deciding, .leasing, .finished:
            self.abandonUpstream()
        }
    }

    /// The whole answer has been read. It is counted before its last byte goes out: whatever a client has seen whole is
    /// written down.
    private func responseEnded(leftOver: Bool) {
        let reusable = self.upstreamKeepsAlive && !leftOver && self.requestBodyEnded
        self.releaseUpstream(reusable: reusable)
        let settlement = self.machine.completed(replayable: !(self.tap?.overflowed ?? false))
        self.settle(settlement)
        self.writeAnswer(flush: true)
        self.finish()
    }

    func releaseUpstream(reusable: Bool) {
        guard let connection else { return }
        self.connection = nil
        connection.endpoint.release(connection, reusable: reusable)
    }

    /// Gives the upstream connection up in the middle of an exchange.
    func abandonUpstream() { self.releaseUpstream(reusable: false) }
}
