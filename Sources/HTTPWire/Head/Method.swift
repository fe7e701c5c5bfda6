/// Request methods. Names are case-sensitive (RFC 9110 §9.1).
public enum Method: UInt8, CaseIterable, Sendable {
    case get, head, post, put, patch, delete, options, trace, connect
    /// A token that is none of the above. A parser refuses it; see `WireError.methodNotImplemented`.
    case other

    /// The method whose name is packed into `word`, first byte lowest.
    @inline(__always) init(packed word: UInt64, count: Int) {
        switch (count, word) {
        case (3, 0x54_4547): self = .get
        case (4, 0x5453_4F50): self = .post
        case (3, 0x54_5550): self = .put
        case (6, 0x4554_454C_4544): self = .delete
        case (5, 0x48_4354_4150): self = .patch
        case (4, 0x4441_4548): self = .head
        case (7, 0x53_4E4F_4954_504F): self = .options
        case (5, 0x45_4341_5254): self = .trace
        case (7, 0x54_4345_4E4E_4F43): self = .connect
        default: self = .other
        }
    }

    /// The name on the wire; empty for `.other`.
    public var text: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .connect: "CONNECT"
        case .other: ""
        }
    }

    /// Whether the method asks for nothing to change (RFC 9110 §9.2.1).
    public var isSafe: Bool {
        switch self {
        case .get, .head, .options, .trace: true
        default: false
        }
    }

    /// Whether doing it twice is as good as once (RFC 9110 §9.2.2).
    public var isIdempotent: Bool { self.isSafe || self == .put || self == .delete }

    /// Whether the method is made to carry content, so that a request without any says `Content-Length: 0`
    /// (RFC 9110 §8.6).
    public var anticipatesContent: Bool {
        switch self {
        case .post, .put, .patch: true
        default: false
        }
    }
}
