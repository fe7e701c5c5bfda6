import Digests
import Domain
import HTTPWire
import NIOCore

/// From the first byte of a request to the moment all is known that the decision needs.
extension Exchange {
    /// What a look at a head found.
    enum Examination {
        case incomplete
        case malformed(WireError)
        case refused(ProblemCode)
        /// The key is well formed and not in the loop's cache.
        case unknownPrincipal(SHA256Digest)
        /// A keyed request: its whole body is needed first.
        case gather
        case ready
    }

    /// Takes the bytes of a new request; what is left in `buffer` comes after its head.
    func headRead(_ buffer: inout ByteBuffer) {
        if self.waitsFor == .request { self.beginRequest() }
        guard self.headState.isWorthParsing(buffer.readableBytesUInt8Span) else { return }
        let examination = self.examine(buffer.readableBytesUInt8Span)
        if case .incomplete = examination {
            self.headState.parsed(buffer.readableBytes)
            return
        }
        self.headState.reset()
        if case .malformed(let error) = examination {
            buffer.clear()
            return self.refuse(error)
        }
        let headBytes = self.loop.requestHead.byteCount
        switch examination {
        case .unknownPrincipal(let digest):
            self.hold(&buffer, headBytes: headBytes)
            self.loop.keys.lookUp(digest, key: self.takeKeyToLookUp(), for: self)
        case .gather:
            self.hold(&buffer, headBytes: headBytes)
            self.startGathering(&buffer)
        case .refused(let code):
            buffer.moveReaderIndex(forwardBy: headBytes)
            self.refuse(code)
            if self.stage == .discarding { self.discardBody(&buffer) }
        case .ready, .incomplete, .malformed:
            buffer.moveReaderIndex(forwardBy: headBytes)
            self.takeEarlyBody(&buffer)
            self.decide()
        }
    }

    /// The principal of a held request is known now, or known not to exist.
    func principalResolved() {
        guard self.stage == .waiting else { return }
        if self.isRevalidating { return self.revalidated() }
        guard self.handler != nil else { return self.drop() }
        self.reexamine()
    }

    /// Redis could not be asked about the key, or the record layer is overrun.
    func lookupFailed(_ code: ProblemCode) {
        guard self.stage == .waiting else { return }
        guard self.handler != nil else { return self.drop() }
        self.refuse(code)
        self.discardWaitingBody()
    }

    /// Looks at a held head again, with more known than the last time.
    func reexamine() {
        guard let head = self.held?.head else { return }
        self.proceed(with: self.examine(head.readableBytesUInt8Span))
    }

    /// Continues a request whose head is held.
    func proceed(with examination: Examination) {
        switch examination {
        case .ready:
            if !(self.held?.isGathered ?? false) { self.appendWaitingBody() }
            self.decide()
        case .gather:
            guard let handler else { return }
            var waiting = handler.takeWaiting()
            self.startGathering(&waiting)
            if waiting.readableBytes > 0 { handler.keep(waiting) }
            handler.resumeReading()
        case .refused(let code):
            self.refuse(code)
            self.discardWaitingBody()
        case .malformed(let error):
            self.refuse(error)
        case .unknownPrincipal:
            // Looked up a moment ago and gone again: the cache is smaller than the traffic needs.
            self.refuse(.keyLookupUnavailable)
        case .incomplete:
            break
        }
    }

    private func beginRequest() {
        self.startNs = LoopClock.nowNs()
        self.loop.touch(nowNs: self.startNs)
        self.expect(.head, withinMs: self.loop.configuration.edge.headTimeoutMs)
    }

    private func hold(_ buffer: inout ByteBuffer, headBytes: Int) {
        var head = ByteBuffer()
        if let bytes = buffer.readSlice(length: headBytes) { head.writeImmutableBuffer(bytes) }
        self.held = HeldRequest(head: head)
        self.stage = .waiting
        self.expect(.store, withinMs: Int.max / 2)
    }

    /// Looks at a head, from its first byte on: the fresh bytes of a connection or a held copy.
    private func examine(_ bytes: Span<UInt8>) -> Examination {
        var parser = RequestParser(limits: self.loop.headLimits)
        switch parser.parse(bytes, into: &self.loop.requestHead) {
        case .incomplete: return .incomplete
        case .failed(let error): return .malformed(error)
        case .complete: break
        }
        self.noteFacts(bytes)
        if let code = self.checkConnection(bytes) { return .refused(code) }
        if let code = self.findRoute(bytes) { return .refused(code) }
        guard let route else { return .refused(.routeNotFound) }
        if self.loop.isInMaintenance, !self.loop.system.admits(self.request.client) { return .refused(.maintenance) }
        if let code = self.checkContent(route) { return .refused(code) }
        if route.needsPrincipal {
            switch self.authenticate(bytes, route) {
            case .found: break
            case .refused(let code): return .refused(code)
            case .unknown(let digest): return .unknownPrincipal(digest)
            }
        }
        if let code = self.readCost(bytes, route) { return .refused(code) }
        switch self.readKey(bytes, route) {
        case .refused(let code): return .refused(code)
        case .gather: return .gather
        case .unkeyed, .gathered: break
        }
        self.render(bytes, route)
        return .ready
    }

    private func noteFacts(_ bytes: Span<UInt8>) {
        self.request.method = self.loop.requestHead.method
        self.request.minorVersion = self.loop.requestHead.minorVersion
        self.request.framing = self.loop.requestHead.framing
        self.request.connection = self.loop.requestHead.connection
        self.request.expectsContinue = self.loop.requestHead.expectsContinue
        self.request.wantsUpgrade = self.loop.requestHead.upgrade
        self.clientKeepsAlive = self.loop.requestHead.keepAlive && !self.loop.draining
        if self.startedID == false {
            self.startedID = true
            self.requestID = RequestID(nowMs: Int64(self.loop.wallMs), using: &self.loop.random)
            // The edge is a trust boundary: the caller's trace is not continued (STANDARDS §6).
            self.trace = TraceParent.fresh(sampled: true, using: &self.loop.random)
        }
        if !(self.held?.isGathered ?? false) {
            self.requestBody.begin(self.loop.requestHead.framing)
            self.requestBodyEnded = !self.loop.requestHead.framing.mayHaveContent
        }
        self.noteClient(bytes)
        self.noteLogTexts(bytes)
    }

    /// RFC 9110 §7.6.3 and what this gateway does not do.
    private func checkConnection(_ bytes: Span<UInt8>) -> ProblemCode? {
        if self.request.method == .connect { return .notImplemented }
        if self.loop.requestHead.fields.contains(.via), self.isLoop(bytes) { return .upstreamProtocolError }
        // A held request is looked at again; its address has paid already.
        guard self.held == nil else { return nil }
        return self.loop.addressLimiter.admits(self.request.client, nowMs: self.loop.nowMs) ? nil : .rateLimitExceeded
    }

    private func isLoop(_ bytes: Span<UInt8>) -> Bool {
        let name = self.loop.viaName
        for line in self.loop.requestHead.fields.lines where line.id == .via {
            let value = bytes.extracting(line.value.bounds)
            if value.containsPseudonym(name.span) { return true }
        }
        return false
    }

    /// The path is checked once, routed on, and forwarded just so.
    private func findRoute(_ bytes: Span<UInt8>) -> ProblemCode? {
        let path =
            self.loop.requestHead.target.path.isEmpty
            ? Self.root.span : bytes.extracting(self.loop.requestHead.target.path.bounds)
        do throws(PathRefusal) {
            guard try RoutingPath.check(path) == .needsRewriting else {
                self.loop.rewrittenPath.clear()
                return self.match(bytes, path: path)
            }
        } catch {
            return .malformedRequest
        }
        self.loop.rewrittenPath.clear()
        RoutingPath.append(path, to: &self.loop.rewrittenPath)
        let rewritten = self.loop.rewrittenPath
        return self.match(bytes, path: rewritten.readableBytesUInt8Span)
    }

    private func match(_ bytes: Span<UInt8>, path: Span<UInt8>) -> ProblemCode? {
        let method = bytes.extracting(self.loop.requestHead.methodRange.bounds)
        let host = bytes.extracting(self.loop.requestHead.authority.host.bounds)
        switch self.loop.routeTable.match(method: method, host: host, path: path) {
        case .route(let index):
            self.route = self.loop.routes[index]
            return nil
        case .methodNotAllowed(let index):
            self.allowIndex = index
            return .methodNotAllowed
        case .hostNotServed:
            return .misdirectedRequest
        case .notFound:
            return .routeNotFound
        }
    }

    private func checkContent(_ route: CompiledRoute) -> ProblemCode? {
        guard self.request.framing.mayHaveContent else { return nil }
        switch self.request.method {
        case .get, .head, .delete, .options:
            // Content without meaning is where smuggling starts (STANDARDS §5).
            if !route.route.bodyOnAnyMethod { return .malformedRequest }
        default:
            break
        }
        if case .length(let length) = self.request.framing, length > route.route.bodyBytesMax {
            return .contentTooLarge
        }
        return nil
    }

    private func readCost(_ bytes: Span<UInt8>, _ route: CompiledRoute) -> ProblemCode? {
        guard let header = route.costHeader else { return nil }
        self.cost = header.otherwise
        var isGiven = false
        for line in self.loop.requestHead.fields.lines {
            let name = bytes.extracting(line.name.bounds)
            guard name.equalsIgnoringCase(header.name.span) else { continue }
            guard !isGiven, let cost = bytes.extracting(line.value.bounds).decimal, cost <= header.max else {
                return .costInvalid
            }
            isGiven = true
            self.cost = cost
        }
        return nil
    }

    static let root: [UInt8] = [UInt8(ascii: "/")]
}
