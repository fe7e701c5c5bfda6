import Domain
import HTTPWire
import NIOCore

/// What happens when the upstream, the client or the clock gives up; the machine says which.
extension Exchange {
    func upstreamFailed(_ failure: UpstreamFailure) {
        let before = self.machine.phase
        self.act(on: self.machine.failed(failure), in: before, isAmbiguous: !failure.nothingSent)
    }

    /// What was drained for a client that has gone takes too long.
    private func detachedTimedOut() {
        let before = self.machine.phase
        self.act(on: self.machine.detachedTimedOut(), in: before, isAmbiguous: true)
    }

    /// The answer stopped in the middle, or its time is over.
    func answerStalled() {
        guard self.machine.clientGone, self.loop.nowMs >= self.totalDeadlineMs else {
            return self.upstreamFailed(.truncated)
        }
        self.detachedTimedOut()
    }

    /// - Parameter isAmbiguous: whether the upstream may have executed the request.
    private func act(on action: ExchangeMachine.OnFailure, in before: ExchangeMachine.Phase, isAmbiguous: Bool) {
        if case .ignore = action { return }
        let failedAt = self.endpoint
        if before == .leasing { self.endpoint?.cancel(self) }
        self.abandonUpstream()
        switch action {
        case .ignore:
            break
        case .retry:
            self.loop.counters.upstreamRetries += 1
            self.stage = .waiting
            self.lease(avoiding: failedAt)
        case .answer(let code, let key):
            self.settle(ExchangeMachine.Settlement(key: key, meter: .void))
            var details = ProblemDetails()
            // Says of a key what trying again would do: repeat this answer, or execute under the upstream's own guard.
            if case .storeProblem = key { details.shouldRetry = false }
            if case .release = key, isAmbiguous { details.shouldRetry = true }
            self.respond(code, details)
        case .abort(let key):
            self.abortAnswer()
            self.settle(ExchangeMachine.Settlement(key: key, meter: .count))
            self.problem = .upstreamTruncated
            self.finishAborted()
        case .settle(let key):
            // As if the client were there: an answer that had begun counts, none does not.
            self.settle(ExchangeMachine.Settlement(key: key, meter: before == .streaming ? .count : .void))
            self.finish()
        }
    }

    /// The head has gone out: the client must see that the rest is missing (PD-5). An event stream gets the problem as
    /// its last event; anything else ends without its terminating chunk, too short for its length, or with a reset.
    private func abortAnswer() {
        guard let handler else { return }
        if self.answersEvents, self.reframing == .chunked {
            var event = ByteBuffer()
            ProblemDocument(
                typeBase: self.loop.configuration.errors.baseURI, code: ProblemCode.upstreamTruncated.rawValue,
                title: ProblemCode.upstreamTruncated.title, status: ProblemCode.upstreamTruncated.status,
                requestID: self.requestID.description
            ).appendEvent(to: &event)
            self.answer.writeChunk(ByteRange(0, event.readableBytes), of: event.readableBytesUInt8Span)
        }
        self.writeAnswer(flush: true)
        handler.flush()
    }

    /// Whether an answer is under way, or still waits for its client, whose end is that of its connection.
    var endsWithConnection: Bool {
        guard self.reframing == .untilClose else { return false }
        return self.machine.phase == .streaming && self.responseStarted || self.handler?.isBehind == true
    }

    private func finishAborted() {
        self.clientKeepsAlive = false
        let handler = self.handler
        if self.responseStarted, self.reframing == .untilClose { handler?.resetOnAbort() }
        self.finish()
        handler?.abort()
    }

    /// The client's body stopped or was malformed after the request had been forwarded.
    func requestAborted(_ code: ProblemCode) {
        switch self.machine.phase {
        case .streaming:
            self.settle(self.machine.completed(replayable: false))
            self.finishAborted()
        case .idle, .deciding, .leasing, .sent, .finished:
            let wasAdmitted = self.machine.phase == .sent || self.machine.phase == .leasing
            self.machine.refused()
            // Never a keyed one: its body was complete before it was forwarded.
            if wasAdmitted { self.settle(ExchangeMachine.Settlement(key: .none, meter: .void)) }
            self.respond(code, ProblemDetails())
        }
    }

    /// The client is gone (STANDARDS §1 row l).
    func clientGone() {
        switch self.machine.clientClosed() {
        case .ignore:
            switch self.stage {
            case .gathering, .waiting: self.finish()
            case .idle where self.isReadingHead: self.finish()
            case .idle, .discarding, .forwarding, .finished: self.loop.unregister(self)
            }
        case .drop(let key):
            guard self.machine.phase == .finished else {
                // The decision is under way; it will find nobody here and undo itself.
                return
            }
            self.endpoint?.cancel(self)
            self.settle(ExchangeMachine.Settlement(key: key, meter: .void))
            self.finish()
        case .cancel:
            self.abandonUpstream()
            self.settle(ExchangeMachine.Settlement(key: .none, meter: self.responseStarted ? .count : .void))
            self.finish()
        case .drain:
            self.connection?.resumeReading()
            let detachedMs = self.route?.idempotency?.detachedTimeoutMs ?? 120_000
            self.totalDeadlineMs = min(self.totalDeadlineMs, self.loop.nowMs + detachedMs)
            self.deadlineMs = min(self.deadlineMs, self.totalDeadlineMs)
        }
    }

    /// Decided, but nobody is there any more.
    func forwardedWithoutClient() {
        self.machine.refused()
        self.settle(ExchangeMachine.Settlement(key: .none, meter: .void))
        self.finish()
    }

    /// The principal was found, but nobody is there any more.
    func drop() { self.finish() }
}
