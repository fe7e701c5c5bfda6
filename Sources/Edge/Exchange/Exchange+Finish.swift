import Domain
import HTTPWire
import NIOCore

/// The end of a request: counted, logged, and the connection made ready for the next one or closed.
extension Exchange {
    /// The answer is complete (or there will be none). `discardingBody` says that the rest of the request is still to
    /// be read and thrown away.
    func finish(discardingBody: Bool = false) {
        // A write that finds the client gone ends the request from within, and whoever wrote ends it once more.
        guard self.stage != .finished else { return }
        self.record()
        self.endpoint = nil
        guard self.handler != nil else {
            self.stage = .finished
            self.loop.unregister(self)
            return
        }
        if discardingBody {
            self.stage = .discarding
            self.expect(.discard, withinMs: self.loop.configuration.edge.bodyIdleTimeoutMs)
            return
        }
        self.finishConnectionTurn()
    }

    /// Everything of this request has been read and written.
    func finishConnectionTurn() {
        let keepsAlive = self.clientKeepsAlive && !self.loop.draining
        let unread = !self.requestBodyEnded
        self.reset()
        if keepsAlive, !unread {
            self.awaitRequest()
            self.handler?.exchangeFinished()
        } else {
            self.stage = .finished
            // A client that is behind has as long for the rest as for any part of a body.
            let isBehind = self.handler?.isBehind ?? false
            self.expect(.discard, withinMs: isBehind ? self.loop.configuration.edge.bodyIdleTimeoutMs : 2_000)
            self.handler?.closeAfterAnswer(unreadInput: unread)
        }
    }

    /// Forgets the request, keeps the storage.
    private func reset() {
        self.route = nil
        self.entry = nil
        self.grant = nil
        self.held = nil
        self.keyed = nil
        self.tap = nil
        self.problem = nil
        self.credentialError = nil
        self.startedID = false
        self.trace = nil
        self.request = RequestFacts()
        self.readings.removeAll(keepingCapacity: true)
        self.decision = .none
        self.cost = 1
        self.leaseID = 0
        self.isLocal = false
        self.isDurable = false
        self.isRevalidating = false
        self.revalidations = 0
        self.storeWait = StoreWait()
        self.headerQuantities.removeAll(keepingCapacity: true)
        self.machine = ExchangeMachine()
        self.responseHeadState.reset()
        if self.responsePartial.capacity > 0 { self.responsePartial = ByteBuffer() }
        self.responseStarted = false
        self.answersEvents = false
        self.responseStatus = 0
        self.responseBytes = 0
        self.requestBytes = 0
        self.requestBodyEnded = true
        self.upstreamStartNs = 0
        self.totalDeadlineMs = .max
        self.loop.spareBuffers.takeBack(&self.outgoing)
        self.loop.spareBuffers.takeBack(&self.answer)
        self.loop.spareBuffers.takeBack(&self.logTexts)
    }

    private func record() {
        let nowNs = LoopClock.nowNs()
        self.loop.touch(nowNs: nowNs)
        self.loop.counters.finished(
            route: self.route?.index, status: self.responseStatus, durationNs: nowNs - self.startNs)
        guard self.loop.logsAccess, self.logTexts.readableBytes > 0 else { return }
        if self.loop.configuration.logging.accessLog == .errors, self.responseStatus < 400 { return }
        var facts = AccessFacts()
        facts.wallMs = self.loop.wallMs
        facts.durationNs = nowNs - self.startNs
        facts.upstreamDurationNs = self.upstreamStartNs > 0 ? nowNs - self.upstreamStartNs : 0
        facts.status = self.handler == nil && self.responseStatus == 0 ? 499 : self.responseStatus
        facts.requestBytes = self.requestBytes
        facts.responseBytes = self.responseBytes
        facts.route = Int16(truncatingIfNeeded: self.route?.index ?? -1)
        facts.problem = Int16(truncatingIfNeeded: self.problem?.index ?? -1)
        facts.attempts = UInt8(truncatingIfNeeded: self.machine.attempts)
        facts.decision = self.decision
        facts.cost = self.cost
        self.writeLogText(self.entry?.principal.org.orgID ?? "")
        self.writeLogText(self.entry?.principal.key.keyID ?? "")
        if !self.loop.accessLog.append(facts, texts: self.logTexts) { self.loop.counters.accessLogDropped += 1 }
    }

    // MARK: Log texts

    /// Keeps what the access log says of the head, in the order that the formatter reads it.
    func noteLogTexts(_ bytes: Span<UInt8>) {
        guard self.loop.logsAccess, self.logTexts.readableBytes == 0 else { return }
        self.loop.spareBuffers.lend(&self.logTexts)
        self.logTexts.writeInteger(UInt16(RequestID.textCount))
        self.requestID.append(to: &self.logTexts)
        self.writeLogText(self.loop.requestHead.methodRange, bytes)
        self.writeLogText(self.loop.requestHead.target.path, bytes)
        self.writeLogText(self.loop.requestHead.target.query, bytes)
        self.writeLogText(self.loop.requestHead.authority.whole, bytes)
        self.writeLogText(self.loop.requestHead.fields.first(.userAgent)?.value ?? ByteRange(), bytes)
        self.writeLogAddress(self.handler?.peer ?? self.request.client)
        self.writeLogAddress(self.request.client)
        self.logTexts.writeInteger(UInt16(self.trace == nil ? 0 : 32))
        self.trace?.appendTraceID(to: &self.logTexts)
    }

    /// A request whose head could not be read has an id and an address at least.
    func noteMalformed() {
        if !self.startedID {
            self.startedID = true
            self.requestID = RequestID(nowMs: Int64(self.loop.wallMs), using: &self.loop.random)
        }
        guard self.loop.logsAccess, self.logTexts.readableBytes == 0 else { return }
        self.logTexts.writeInteger(UInt16(RequestID.textCount))
        self.requestID.append(to: &self.logTexts)
        for _ in 0..<5 { self.logTexts.writeInteger(UInt16(0)) }
        self.writeLogAddress(self.handler?.peer ?? self.request.client)
        self.writeLogAddress(self.handler?.peer ?? self.request.client)
        self.logTexts.writeInteger(UInt16(0))
    }

    private func writeLogText(_ range: ByteRange, _ bytes: Span<UInt8>) {
        let end = min(range.end, range.start + 1024)
        self.logTexts.writeInteger(UInt16(truncatingIfNeeded: end - range.start))
        self.logTexts.writeRange(ByteRange(range.start, end), of: bytes)
    }

    private func writeLogText(_ text: String) {
        self.logTexts.writeInteger(UInt16(truncatingIfNeeded: min(text.utf8.count, 1024)))
        self.logTexts.writeString(String(text.prefix(1024)))
    }

    private func writeLogAddress(_ address: IPAddress) {
        let start = self.logTexts.writerIndex
        self.logTexts.writeInteger(UInt16(0))
        address.append(to: &self.logTexts)
        self.logTexts.setInteger(UInt16(truncatingIfNeeded: self.logTexts.writerIndex - start - 2), at: start)
    }
}
