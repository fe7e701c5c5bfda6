/// One presented credential: where its bytes stand in the caller's buffer. Holds no copy of the key.
public struct Credential: Sendable, Equatable {
    /// How it was sent.
    public let source: CredentialSource
    /// The key's bytes in the caller's buffer; for Basic, the base64 text that ``withKey(in:_:)`` decodes.
    public let range: Range<Int>

    /// A credential at a place that ``CredentialCollector`` has checked.
    init(source: CredentialSource, range: Range<Int>) {
        self.source = source
        self.range = range
    }

    /// Calls `body` with the key's bytes, without allocation.
    ///
    /// `buffer` is what the offsets given to the collector counted in. Should it not be (the range lies outside, or
    /// the base64 is another), `body` gets an empty span, which is no key.
    public func withKey<Result>(in buffer: Span<UInt8>, _ body: (Span<UInt8>) -> Result) -> Result {
        guard self.range.upperBound <= buffer.count else { return body(Span()) }
        let text = buffer.extracting(self.range)
        guard self.source == .basic else { return body(text) }
        var name = BasicUserName()
        guard name.decode(text) else { return body(Span()) }
        return body(name.bytes.span.extracting(0..<name.count))
    }
}
