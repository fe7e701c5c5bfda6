/// The head of a request, as ranges of the bytes it arrived in. Keep one per connection and let the parser fill it again
/// and again: its storage is reused.
///
/// All ranges count from the first byte that the parser was offered for this message.
public struct RequestHead: ~Copyable, Sendable {
    /// The method.
    public internal(set) var method = Method.other
    /// The method as it was sent.
    public internal(set) var methodRange = ByteRange()
    /// The request-target.
    public internal(set) var target = RequestTarget()
    /// `1` for HTTP/1.1, `0` for HTTP/1.0.
    public internal(set) var minorVersion: UInt8 = 1
    /// The field lines.
    public internal(set) var fields = FieldSection()
    /// Whom the request is for: the target's authority if it has one, else Host. Empty only in HTTP/1.0 without Host.
    public internal(set) var authority = Authority()
    /// What `Connection` says.
    public internal(set) var connection = ConnectionOptions()
    /// How the body ends. Never `untilClose`.
    public internal(set) var framing = BodyFraming.none
    /// Whether the client means to use the connection for another request.
    public internal(set) var keepAlive = false
    /// Whether the client waits for `100 (Continue)` before it sends the body.
    public internal(set) var expectsContinue = false
    /// Whether the client offers to switch protocols: `Upgrade` with `Connection: upgrade`, HTTP/1.1.
    public internal(set) var upgrade = false
    /// Whether the client takes trailer fields: `TE: trailers`.
    public internal(set) var acceptsTrailers = false
    /// Size of the head, an empty line before it included.
    public internal(set) var byteCount = 0

    /// A head to be filled.
    public init() {}

    /// Forgets the last request, keeps the storage.
    mutating func reset() {
        self.fields.reset()
        self.target = RequestTarget()
        self.authority = Authority()
        self.connection = ConnectionOptions()
        self.framing = .none
        (self.keepAlive, self.expectsContinue, self.upgrade, self.acceptsTrailers) = (false, false, false, false)
        self.byteCount = 0
    }
}
