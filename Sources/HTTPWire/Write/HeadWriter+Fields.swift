extension HeadWriter {
    /// Appends the lines of `section` that may be forwarded, as the bytes they came in, and one copy for each unbroken
    /// run of them. Works for heads and for trailers, in both directions.
    ///
    /// Left out are the names in `dropping`, hop-by-hop fields and those that state the framing (always: the framing is
    /// written anew by `endRequestHead` or `endResponseHead`), and what `Connection` nominates (STANDARDS §5).
    /// - Parameters:
    ///   - section: the lines to forward.
    ///   - bytes: the bytes that the ranges of `section` refer to.
    ///   - connection: the options of the message's head.
    ///   - dropping: further names to leave out.
    public mutating func writeFields(
        _ section: borrowing FieldSection, of bytes: Span<UInt8>, connection: ConnectionOptions, dropping: FieldNameSet
    ) {
        let dropped = dropping.union(.hopByHop)
        guard let first = section.lines.first else { return }
        var runStart = first.lineStart
        for index in section.lines.indices {
            let line = section.lines[index]
            guard dropped.contains(line.id) || connection.removes(line, bytes) else { continue }
            if line.lineStart > runStart { self.write(ByteRange(runStart, line.lineStart), of: bytes) }
            runStart = section.lineEnd(index)
        }
        if section.end > runStart { self.write(ByteRange(runStart, section.end), of: bytes) }
    }

    /// Appends `name: value` with a value known at compile time.
    public mutating func writeField(_ name: StaticString, _ value: StaticString) {
        self.writeFieldName(name)
        self.write(value)
        self.writeLineEnd()
    }

    /// Appends `name: value` with a value taken from a parsed message.
    public mutating func writeField(_ name: StaticString, _ range: ByteRange, of bytes: Span<UInt8>) {
        self.writeFieldName(name)
        self.write(range, of: bytes)
        self.writeLineEnd()
    }

    /// Appends `name: value` in decimal digits.
    public mutating func writeField(_ name: StaticString, decimal number: Int) {
        self.writeFieldName(name)
        self.write(decimal: max(0, number))
        self.writeLineEnd()
    }
}
