extension HeadWriter {
    /// Appends the request line that repeats `head`'s method and, in origin form, its path and query, after `prefix` and
    /// without the first `skipping` bytes of the path (a route's prefix mapping).
    public mutating func writeRequestLine(
        _ head: borrowing RequestHead, of bytes: Span<UInt8>, prefix: Span<UInt8>, skipping: Int = 0
    ) {
        self.write(head.methodRange, of: bytes)
        self.write(" ")
        let source = head.target.pathAndQuery
        let path = ByteRange(source.start &+ min(max(skipping, 0), head.target.path.count), source.end)
        let isBare = head.target.form == .asterisk || head.target.isServerWide(head.method)
        if isBare, prefix.isEmpty {
            self.write("*")
        } else {
            self.write(prefix)
            // A target in origin form begins with a slash, whatever was skipped or never sent.
            if prefix.isEmpty, path.isEmpty || bytes[path.start] != Byte.slash { self.write("/") }
            self.write(path, of: bytes)
        }
        self.write(" HTTP/1.1\r\n")
    }

    /// The same without a prefix mapping.
    public mutating func writeRequestLine(_ head: borrowing RequestHead, of bytes: Span<UInt8>) {
        self.writeRequestLine(head, of: bytes, prefix: Span(), skipping: 0)
    }

    /// Appends a request line for a target that the gateway made itself, in origin form.
    public mutating func writeRequestLine(_ method: Method, target: Span<UInt8>) {
        self.write(method.text)
        self.write(" ")
        self.write(target)
        self.write(" HTTP/1.1\r\n")
    }

    /// Appends the fields of `head` that may be forwarded; see `writeFields`. Left out too are `Host`, which the gateway
    /// writes itself, and `Expect` unless the client does wait for a 100 (HTTP/1.0 has no expectations).
    public mutating func writeRequestFields(
        _ head: borrowing RequestHead, of bytes: Span<UInt8>, dropping: FieldNameSet
    ) {
        var dropped = dropping
        dropped.insert(.host)
        if !head.expectsContinue { dropped.insert(.expect) }
        self.writeFields(head.fields, of: bytes, connection: head.connection, dropping: dropped)
    }

    /// Ends a request head: says how the body is framed, then the empty line. Nothing else writes the empty line, and
    /// `writeFields` never copies framing, so a body cannot follow a head that does not announce it, whatever the method
    /// (the trap of STANDARDS §5: bytes of a body that become a request of their own).
    /// - Parameters:
    ///   - method: the method of the request line.
    ///   - framing: how the body will be written. `untilClose` does not exist for requests and is sent as chunked.
    ///   - trailers: whether the upstream's trailers are wanted: sends `TE: trailers`.
    /// - Returns: the framing announced, which `writeBody` must be given.
    @discardableResult
    public mutating func endRequestHead(
        _ method: Method, framing: BodyFraming, trailers: Bool = false
    ) -> BodyFraming {
        if trailers { self.write("TE: trailers\r\nConnection: TE\r\n") }
        let announced = self.writeRequestFraming(method, framing)
        self.writeLineEnd()
        return announced
    }

    /// Ends the head of a request that asks the upstream to switch to the protocol named in the client's own `Upgrade`.
    /// - Returns: the framing announced.
    @discardableResult
    public mutating func endUpgradeRequestHead(
        _ method: Method, framing: BodyFraming, protocol range: ByteRange, of bytes: Span<UInt8>
    ) -> BodyFraming {
        self.writeField("Connection", "Upgrade")
        self.writeField("Upgrade", range, of: bytes)
        let announced = self.writeRequestFraming(method, framing)
        self.writeLineEnd()
        return announced
    }

    private mutating func writeRequestFraming(_ method: Method, _ framing: BodyFraming) -> BodyFraming {
        switch framing {
        case .none:
            guard method.anticipatesContent else { return .none }
            self.write("Content-Length: 0\r\n")
            return .length(0)
        case .length(let count):
            self.writeField("Content-Length", decimal: count)
            return framing
        case .chunked, .untilClose:
            self.write("Transfer-Encoding: chunked\r\n")
            return .chunked
        }
    }
}

extension RequestTarget {
    /// `OPTIONS http://host` without path and query means `OPTIONS *` (RFC 9112 §3.2.4).
    fileprivate func isServerWide(_ method: Method) -> Bool {
        self.form == .absolute && method == .options && self.pathAndQuery.isEmpty
    }
}
