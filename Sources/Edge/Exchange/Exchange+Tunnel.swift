import Domain
import HTTPWire
import NIOCore

/// After a 101: bytes both ways, on routes that allow it (RFC 9110 §7.8).
extension Exchange {
    /// Whether the client asked for a switch, and the answer says to what.
    var isSwitchWanted: Bool { self.request.wantsUpgrade && self.loop.responseHead.fields.contains(.upgrade) }

    func startTunnel(_ bytes: Span<UInt8>) {
        guard let handler, let chosen = self.loop.responseHead.fields.first(.upgrade)?.value else {
            return self.upstreamFailed(.protocolError)
        }
        self.loop.spareBuffers.lend(&self.answer)
        self.answer.writeStatusLine(101)
        self.answer.writeFields(
            self.loop.responseHead.fields, of: bytes, connection: self.loop.responseHead.connection,
            dropping: Self.droppedFromAnswers)
        self.writeGatewayFields(isEventStream: false, hasDate: true)
        self.answer.endUpgradeResponseHead(protocol: chosen, of: bytes)
        self.responseStarted = true
        self.isTunnel = true
        self.responseBody.begin(.untilClose)
        self.writeAnswer(flush: true)
        self.expectNothing()
        self.deadlineMs = .max
        var waiting = handler.takeWaiting()
        if waiting.readableBytes > 0 { self.tunnelFromClient(&waiting) }
        handler.resumeReading()
    }

    func tunnelFromClient(_ buffer: inout ByteBuffer) {
        self.requestBytes += buffer.readableBytes
        self.connection?.writeAndFlush(buffer)
        buffer.clear()
        if !(self.connection?.isWritable ?? true) { self.handler?.holdReading() }
    }

    func tunnelFromUpstream(_ buffer: ByteBuffer) {
        guard buffer.readableBytes > 0 else { return }
        self.responseBytes += buffer.readableBytes
        self.handler?.writeAndFlush(buffer)
        if !(self.handler?.isWritable ?? true) { self.connection?.holdReading() }
    }

    /// The client has closed its side.
    func endTunnel() {
        self.abandonUpstream()
        self.closeTunnel()
    }

    func tunnelEndedUpstream() {
        self.releaseUpstream(reusable: false)
        let handler = self.handler
        self.clientKeepsAlive = false
        self.closeTunnel()
        handler?.closeAfterAnswer(unreadInput: false)
    }

    private func closeTunnel() {
        self.isTunnel = false
        self.settle(self.machine.completed(replayable: false))
        self.finish()
    }
}
