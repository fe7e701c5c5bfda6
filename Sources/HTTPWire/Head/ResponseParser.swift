/// Reads the heads of responses from a receive buffer. Used like `RequestParser`.
///
/// Any failure means that the upstream broke the protocol: answer 502 (`WireError.upstreamStatus`) and never use the
/// connection again.
public struct ResponseParser: Sendable {
    private enum Stage { case fresh, statusLine, fields }

    private var stage = Stage.fresh
    private var cursor = LineCursor()
    private var section = FieldSectionParser()
    /// The limits in force.
    public var limits: HeadLimits

    /// A parser for a new connection.
    public init(limits: HeadLimits = HeadLimits()) { self.limits = limits }

    /// Looks at the message so far. `method` is that of the request being answered: it decides whether a body follows.
    /// On `complete`, `head` holds the response; else its content is undefined.
    public mutating func parse(
        _ bytes: Span<UInt8>, answering method: Method, into head: inout ResponseHead
    ) -> HeadProgress {
        if self.stage == .fresh {
            head.reset()
            self.cursor.advance(to: 0)
            self.stage = .statusLine
        }
        if self.stage == .statusLine, let early = self.statusLine(bytes, &head) { return early }
        let progress = self.section.parse(bytes, limits: self.limits, into: &head.fields)
        guard case .complete(let byteCount) = progress else { return self.settle(progress) }
        if let error = head.conclude(bytes, answering: method) {
            return self.settle(.failed(error))
        }
        head.byteCount = byteCount
        return self.settle(progress)
    }

    private mutating func statusLine(_ bytes: Span<UInt8>, _ head: inout ResponseHead) -> HeadProgress? {
        let limit = self.limits.startLineBytesMax &+ 2
        let end = min(bytes.count, limit)
        guard self.cursor.isWorthTrying(bytes, to: end) || end == limit else { return .incomplete }
        var line = StatusLine()
        switch line.parse(bytes, from: 0, to: end) {
        case .complete(let next):
            head.status = line.status
            head.reason = line.reason
            head.minorVersion = line.minorVersion
            self.section.begin(at: next)
            self.stage = .fields
            return nil
        case .incomplete:
            if end == limit { return self.settle(.failed(.startLineTooLong)) }
            self.cursor.ranOut(bytes, at: end)
            return .incomplete
        case .failed(let error):
            return self.settle(.failed(error))
        }
    }

    private mutating func settle(_ progress: HeadProgress) -> HeadProgress {
        if progress != .incomplete { self.stage = .fresh }
        return progress
    }
}
