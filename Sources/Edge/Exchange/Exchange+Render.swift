import Domain
import HTTPWire
import NIOCore

/// The head for the upstream, rendered while the client's head is still at hand: most requests are admitted, so it is
/// made before the decision and sent after it.
extension Exchange {
    private static let alwaysDropped: FieldNameSet = FieldNameSet.credentials
        .union(.forwarding).union(.reserved)
        .union([.host, .xRequestID, .traceparent, .tracestate, .baggage])
    private static let droppedWhenKeyed = alwaysDropped.union([.expect, .acceptEncoding])
    private static let droppedInHTTP10 = alwaysDropped.union([.expect])

    func render(_ bytes: Span<UInt8>, _ route: CompiledRoute) {
        self.loop.spareBuffers.lend(&self.outgoing)
        var head = HeadWriter(&self.outgoing, room: self.loop.requestHead.byteCount + 768)
        self.renderTarget(bytes, route, into: &head)
        self.renderHost(bytes, route, into: &head)
        let isKeyed = self.keyed != nil
        let dropping =
            isKeyed ? Self.droppedWhenKeyed : self.request.minorVersion == 0 ? Self.droppedInHTTP10 : Self.alwaysDropped
        head.writeFields(
            self.loop.requestHead.fields, of: bytes, connection: self.loop.requestHead.connection, dropping: dropping)
        if isKeyed { head.writeField("Accept-Encoding", "identity") }
        self.renderForwarding(bytes, into: &head)
        self.identityStart = head.byteCount
        if let entry { head.write(entry.identityFields) }
        head.write("X-Request-Id: ")
        self.requestID.append(to: &head)
        head.writeLineEnd()
        if let trace {
            head.write("traceparent: ")
            trace.append(to: &head)
            head.writeLineEnd()
        }
        self.endHead(bytes, route, into: &head)
        head.finish(&self.outgoing)
        if let held, held.isGathered {
            self.outgoing.writeImmutableBuffer(held.body)
            self.requestBodyEnded = true
        }
    }

    private func endHead(_ bytes: Span<UInt8>, _ route: CompiledRoute, into head: inout HeadWriter) {
        let framing: BodyFraming =
            self.held.flatMap { $0.isGathered ? .length($0.body.readableBytes) : nil } ?? self.request.framing
        if self.request.wantsUpgrade, route.route.upgrade,
            let offered = self.loop.requestHead.fields.first(.upgrade)?.value
        {
            head.endUpgradeRequestHead(self.request.method, framing: framing, protocol: offered, of: bytes)
        } else {
            self.request.wantsUpgrade = false
            head.endRequestHead(self.request.method, framing: framing)
        }
    }

    /// Puts the identity of re-read records in place of the old one; the rest of the head stays.
    func replaceIdentity(_ old: ByteBuffer, with new: ByteBuffer) {
        guard old != new,
            let tail = self.outgoing.getSlice(
                at: self.identityStart + old.readableBytes,
                length: self.outgoing.writerIndex - self.identityStart - old.readableBytes)
        else { return }
        var head = ByteBuffer()
        if let start = self.outgoing.getSlice(
            at: self.outgoing.readerIndex, length: self.identityStart - self.outgoing.readerIndex)
        {
            head.writeImmutableBuffer(start)
        }
        head.writeImmutableBuffer(new)
        head.writeImmutableBuffer(tail)
        self.outgoing = head
    }

    private func renderTarget(_ bytes: Span<UInt8>, _ route: CompiledRoute, into head: inout HeadWriter) {
        let (strip, add) = (route.stripPrefix, route.addPrefix)
        if self.loop.rewrittenPath.readableBytes == 0 {
            let path = bytes.extracting(self.loop.requestHead.target.path.bounds)
            let skipping = path.hasPathPrefix(strip.span) ? strip.count : 0
            head.writeRequestLine(self.loop.requestHead, of: bytes, prefix: add.span, skipping: skipping)
            return
        }
        var target = ByteBuffer()
        target.writeBytes(add.span.bytes)
        let rewritten = self.loop.rewrittenPath
        let path = rewritten.readableBytesUInt8Span
        let skipping = path.hasPathPrefix(strip.span) ? strip.count : 0
        target.writeBytes(path.extracting(skipping..<path.count).bytes)
        if target.readableBytes == 0 { target.writeInteger(UInt8(ascii: "/")) }
        if !self.loop.requestHead.target.query.isEmpty {
            target.writeInteger(UInt8(ascii: "?"))
            target.writeRange(self.loop.requestHead.target.query, of: bytes)
        }
        head.writeRequestLine(self.request.method, target: target.readableBytesUInt8Span)
    }

    private func renderHost(_ bytes: Span<UInt8>, _ route: CompiledRoute, into head: inout HeadWriter) {
        let authority = self.loop.requestHead.authority.whole
        head.write("Host: ")
        if route.preservesHost, !authority.isEmpty {
            head.write(authority, of: bytes)
        } else {
            head.write(route.pool.hostField)
        }
        head.writeLineEnd()
    }

    /// Via, Forwarded and X-Forwarded-*: what a client claims about itself is not passed on (PX-10).
    private func renderForwarding(_ bytes: Span<UInt8>, into head: inout HeadWriter) {
        let host = bytes.extracting(self.loop.requestHead.authority.whole.bounds)
        guard !self.request.peerIsTrusted, host.count <= ForwardingMemo.hostBytesMax else {
            return self.writeForwarding(bytes, host: host, into: &head)
        }
        if !self.forwarding.fit(host: host, minorVersion: self.request.minorVersion) {
            var memo = ForwardingMemo()
            swap(&memo, &self.forwarding)
            memo.keep(host: host, minorVersion: self.request.minorVersion) {
                self.writeForwarding(bytes, host: host, into: &$0)
            }
            swap(&memo, &self.forwarding)
        }
        head.write(self.forwarding.lines)
    }

    private func writeForwarding(_ bytes: Span<UInt8>, host: Span<UInt8>, into head: inout HeadWriter) {
        head.write(self.request.minorVersion == 0 ? "Via: 1.0 " : "Via: 1.1 ")
        let viaName = self.loop.viaName
        head.write(viaName.span)
        head.writeLineEnd()
        let scheme = Self.scheme
        let trusted = self.request.peerIsTrusted
        let receivedFor = trusted ? self.loop.requestHead.fields.only(.xForwardedFor) ?? ByteRange() : ByteRange()
        let received = trusted ? self.loop.requestHead.fields.only(.forwarded) ?? ByteRange() : ByteRange()
        ForwardedFields.appendLines(
            peer: self.handler?.peer ?? self.request.client, host: host, scheme: scheme.span,
            receivedFor: bytes.extracting(receivedFor.bounds), receivedForwarded: bytes.extracting(received.bounds),
            to: &head)
    }

    private static let scheme: [UInt8] = Array("http".utf8)
}
