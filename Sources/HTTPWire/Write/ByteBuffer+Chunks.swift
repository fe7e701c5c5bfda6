public import NIOCore

extension ByteBuffer {
    /// Appends the line that begins a chunk of `count` bytes. `count` is above 0: a chunk of 0 would end the body.
    public mutating func writeChunkHeader(_ count: Int) {
        self.writeHexadecimal(count)
        self.writeLineEnd()
    }

    /// Appends what follows the data of a chunk.
    @inline(__always) public mutating func writeChunkEnd() { self.writeLineEnd() }

    /// Appends one whole chunk with the bytes of `range`; nothing if the range is empty.
    public mutating func writeChunk(_ range: ByteRange, of bytes: Span<UInt8>) {
        guard !range.isEmpty else { return }
        self.writeChunkHeader(range.count)
        self.writeRange(range, of: bytes)
        self.writeChunkEnd()
    }

    /// Appends the end of a chunked body without trailers.
    public mutating func writeLastChunk() { self.writeStaticString("0\r\n\r\n") }

    /// Appends the end of a chunked body with those trailers that may be forwarded. `bytes` is what the decoder's ranges
    /// refer to, `connection` the options of the message's head.
    public mutating func writeLastChunk(
        trailers: borrowing FieldSection, of bytes: Span<UInt8>, connection: ConnectionOptions,
        dropping: FieldNameSet = []
    ) {
        self.writeStaticString("0\r\n")
        self.writeFields(
            trailers, of: bytes, connection: connection, dropping: dropping.union(.droppedFromTrailers))
        self.writeLineEnd()
    }

    /// Decodes what `bytes` hold of a body from `offset` on and appends it in the framing of the outgoing message: raw,
    /// or as one chunk for each run. Returns when the bytes are used up, the body is over or it has failed, so never
    /// with `data`.
    public mutating func writeBody(
        _ decoder: inout BodyDecoder, _ bytes: Span<UInt8>, at offset: inout Int, as framing: BodyFraming
    ) -> BodyStep {
        while true {
            let step = decoder.next(bytes, at: &offset)
            guard case .data(let run) = step else { return step }
            if framing == .chunked {
                self.writeChunk(run, of: bytes)
            } else {
                self.writeRange(run, of: bytes)
            }
        }
    }
}
