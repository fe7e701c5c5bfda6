public import NIOCore

// The same as `HeadWriter`'s, for those who write one piece: tests, and answers that are rare.
extension ByteBuffer {
    /// See `HeadWriter.writeFields`.
    public mutating func writeFields(
        _ section: borrowing FieldSection, of bytes: Span<UInt8>, connection: ConnectionOptions, dropping: FieldNameSet
    ) {
        var writer = HeadWriter(&self, room: bytes.count)
        writer.writeFields(section, of: bytes, connection: connection, dropping: dropping)
        writer.finish(&self)
    }

    /// Appends `name: value` with a value known at compile time.
    public mutating func writeField(_ name: StaticString, _ value: StaticString) {
        self.writeFieldName(name)
        self.writeStaticString(value)
        self.writeLineEnd()
    }

    /// Appends `name: value` with a value taken from a parsed message.
    public mutating func writeField(_ name: StaticString, _ range: ByteRange, of bytes: Span<UInt8>) {
        self.writeFieldName(name)
        self.writeRange(range, of: bytes)
        self.writeLineEnd()
    }

    /// Appends `name: value` in decimal digits.
    public mutating func writeField(_ name: StaticString, decimal number: Int) {
        self.writeFieldName(name)
        self.writeDecimal(number)
        self.writeLineEnd()
    }

    /// Appends `name: value` with bytes from anywhere. A control byte in them, which could end the line and begin
    /// another, becomes a space.
    public mutating func writeField(_ name: StaticString, bytes: Span<UInt8>) {
        self.writeFieldName(name)
        if FieldLine.valueEnd(bytes, from: 0, to: bytes.count) == bytes.count {
            self.writeBytes(bytes.bytes)
        } else {
            for index in bytes.indices {
                let byte = bytes[index]
                self.writeInteger(byte < 0x20 || byte == 0x7F ? Byte.space : byte)
            }
        }
        self.writeLineEnd()
    }

    /// Appends `name: `; the value and `writeLineEnd` must follow.
    @inline(__always) public mutating func writeFieldName(_ name: StaticString) {
        self.writeStaticString(name)
        self.writeStaticString(": ")
    }

    /// Appends CR LF.
    @inline(__always) public mutating func writeLineEnd() { self.writeStaticString("\r\n") }

    // MARK: Heads

    /// See `HeadWriter.writeRequestLine`.
    public mutating func writeRequestLine(
        _ head: borrowing RequestHead, of bytes: Span<UInt8>, prefix: Span<UInt8> = Span(), skipping: Int = 0
    ) {
        var writer = HeadWriter(&self, room: head.byteCount &+ prefix.count)
        writer.writeRequestLine(head, of: bytes, prefix: prefix, skipping: skipping)
        writer.finish(&self)
    }

    /// See `HeadWriter.writeRequestFields`.
    public mutating func writeRequestFields(
        _ head: borrowing RequestHead, of bytes: Span<UInt8>, dropping: FieldNameSet
    ) {
        var writer = HeadWriter(&self, room: head.byteCount)
        writer.writeRequestFields(head, of: bytes, dropping: dropping)
        writer.finish(&self)
    }

    /// See `HeadWriter.endRequestHead`.
    @discardableResult
    public mutating func endRequestHead(
        _ method: Method, framing: BodyFraming, trailers: Bool = false
    ) -> BodyFraming {
        var writer = HeadWriter(&self, room: 128)
        let announced = writer.endRequestHead(method, framing: framing, trailers: trailers)
        writer.finish(&self)
        return announced
    }

    /// See `HeadWriter.endUpgradeRequestHead`.
    @discardableResult
    public mutating func endUpgradeRequestHead(
        _ method: Method, framing: BodyFraming, protocol range: ByteRange, of bytes: Span<UInt8>
    ) -> BodyFraming {
        var writer = HeadWriter(&self, room: 128)
        let announced = writer.endUpgradeRequestHead(method, framing: framing, protocol: range, of: bytes)
        writer.finish(&self)
        return announced
    }

    /// See `HeadWriter.writeStatusLine(_:)`.
    public mutating func writeStatusLine(_ status: Int) {
        var writer = HeadWriter(&self, room: 64)
        writer.writeStatusLine(status)
        writer.finish(&self)
    }

    /// See `HeadWriter.writeStatusLine(_:of:)`.
    public mutating func writeStatusLine(_ head: borrowing ResponseHead, of bytes: Span<UInt8>) {
        var writer = HeadWriter(&self, room: 64)
        writer.writeStatusLine(head, of: bytes)
        writer.finish(&self)
    }

    /// See `HeadWriter.endResponseHead`.
    @discardableResult
    public mutating func endResponseHead(
        _ status: Int, framing: BodyFraming, declaredLength: Int? = nil, connection: ConnectionOutcome,
        clientMinorVersion: UInt8
    ) -> BodyFraming {
        var writer = HeadWriter(&self, room: 128)
        let announced = writer.endResponseHead(
            status, framing: framing, declaredLength: declaredLength, connection: connection,
            clientMinorVersion: clientMinorVersion)
        writer.finish(&self)
        return announced
    }

    /// See `HeadWriter.endUpgradeResponseHead`.
    public mutating func endUpgradeResponseHead(protocol range: ByteRange, of bytes: Span<UInt8>) {
        var writer = HeadWriter(&self, room: 128)
        writer.endUpgradeResponseHead(protocol: range, of: bytes)
        writer.finish(&self)
    }
}
