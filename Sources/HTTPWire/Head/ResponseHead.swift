/// The head of a response, as ranges of the bytes it arrived in. Reused like `RequestHead`.
public struct ResponseHead: ~Copyable, Sendable {
    /// The status code, 100 to 999.
    public internal(set) var status = 0
    /// The reason phrase; may be empty.
    public internal(set) var reason = ByteRange()
    /// `1` for HTTP/1.1, `0` for HTTP/1.0.
    public internal(set) var minorVersion: UInt8 = 1
    /// The field lines.
    public internal(set) var fields = FieldSection()
    /// What `Connection` says.
    public internal(set) var connection = ConnectionOptions()
    /// How the body ends, the request's method taken into account.
    public internal(set) var framing = BodyFraming.none
    /// The value of `Content-Length`, which a response to HEAD and a 304 may have without a body.
    public internal(set) var declaredLength: Int?
    /// Whether the connection can carry another request once the body has been read to its end.
    public internal(set) var keepAlive = false
    /// Size of the head.
    public internal(set) var byteCount = 0

    /// A head to be filled.
    public init() {}

    /// Whether another response to the same request will follow: 1xx other than 101.
    public var isInterim: Bool { self.status < 200 && self.status != 101 }

    mutating func reset() {
        self.fields.reset()
        self.connection = ConnectionOptions()
        self.framing = .none
        self.declaredLength = nil
        self.keepAlive = false
        self.byteCount = 0
    }
}
