/// Reads the heads of requests from a receive buffer.
///
/// Offer the readable bytes after every read, always from the first byte of the message on, until the answer is not
/// `incomplete`. After `complete` the parser is ready for the next message, which begins at `byteCount`. Nothing is
/// copied, and once the head's storage has grown nothing is allocated.
public struct RequestParser: Sendable {
    private enum Stage { case leadingLine, requestLine, fields }

    private var stage = Stage.leadingLine
    private var cursor = LineCursor()
    private var section = FieldSectionParser()
    /// The limits in force. They may be changed between messages.
    public var limits: HeadLimits

    /// A parser for a new connection.
    public init(limits: HeadLimits = HeadLimits()) { self.limits = limits }

    /// Whether a message has begun: something other than an empty line before the request line has been seen. Tells an
    /// idle connection from one that is late with its head.
    public var isMidMessage: Bool { self.stage == .fields || self.hasSeenBytes }
    private var hasSeenBytes = false

    /// Looks at the message so far. On `complete`, `head` holds it; on `incomplete` or `failed` its content is undefined.
    public mutating func parse(_ bytes: Span<UInt8>, into head: inout RequestHead) -> HeadProgress {
        if self.stage == .leadingLine {
            guard bytes.count > 0 else { return .incomplete }
            head.reset()
            if let early = self.skipEmptyLine(bytes) { return early }
        }
        if self.stage == .requestLine, let early = self.requestLine(bytes, &head) { return early }
        let progress = self.section.parse(bytes, limits: self.limits, into: &head.fields)
        guard case .complete(let byteCount) = progress else { return self.settle(progress) }
        if let error = head.conclude(bytes) { return self.settle(.failed(error)) }
        head.byteCount = byteCount
        return self.settle(progress)
    }

    /// One empty line before the request line is passed over (RFC 9112 §2.2); old clients send one after a body.
    private mutating func skipEmptyLine(_ bytes: Span<UInt8>) -> HeadProgress? {
        if bytes[0] == Byte.carriageReturn {
            guard bytes.count > 1 else { return .incomplete }
            guard bytes[1] == Byte.lineFeed else { return self.settle(.failed(.bareCarriageReturn)) }
            self.cursor.advance(to: 2)
        } else {
            self.cursor.advance(to: 0)
        }
        self.stage = .requestLine
        return nil
    }

    private mutating func requestLine(_ bytes: Span<UInt8>, _ head: inout RequestHead) -> HeadProgress? {
        let start = self.cursor.line
        let limit = start &+ self.limits.startLineBytesMax &+ 2
        let end = min(bytes.count, limit)
        guard end > start else { return .incomplete }
        self.hasSeenBytes = true
        guard self.cursor.isWorthTrying(bytes, to: end) || end == limit else { return .incomplete }
        var line = RequestLine()
        switch line.parse(bytes, from: start, to: end) {
        case .complete(let next):
            if let error = head.take(line, bytes) { return self.settle(.failed(error)) }
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

    /// Makes ready for the next message if this one is over.
    private mutating func settle(_ progress: HeadProgress) -> HeadProgress {
        if progress != .incomplete {
            self.stage = .leadingLine
            self.hasSeenBytes = false
        }
        return progress
    }
}

extension RequestHead {
    /// Records a well-formed request line, or says what this server will not do with it.
    fileprivate mutating func take(_ line: RequestLine, _ bytes: Span<UInt8>) -> WireError? {
        guard line.method != .other else { return .methodNotImplemented }
        guard let target = RequestTarget(bytes, line.target, queryMark: line.queryMark, method: line.method) else {
            return .targetInvalid
        }
        if target.form == .asterisk, line.method != .options { return .asteriskWithoutOptions }
        self.method = line.method
        self.methodRange = line.methodRange
        self.target = target
        self.minorVersion = line.minorVersion
        return nil
    }
}
