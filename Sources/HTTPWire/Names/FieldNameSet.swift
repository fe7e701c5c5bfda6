/// A set of field names in two words: membership is one shift and one mask.
public struct FieldNameSet: Sendable, Hashable, ExpressibleByArrayLiteral {
    @usableFromInline var low: UInt64 = 0
    @usableFromInline var high: UInt64 = 0

    /// The empty set.
    @inlinable public init() {}

    /// The set of `names`.
    public init(arrayLiteral names: FieldName...) {
        for name in names { self.insert(name) }
    }

    /// Whether the set has no member.
    @inlinable public var isEmpty: Bool { self.low | self.high == 0 }

    /// Whether `name` is a member.
    @inlinable public func contains(_ name: FieldName) -> Bool {
        let bits = name.rawValue & 0x40 == 0 ? self.low : self.high
        return (bits &>> UInt64(name.rawValue & 0x3F)) & 1 == 1
    }

    /// Adds `name`.
    @inlinable public mutating func insert(_ name: FieldName) {
        let bit: UInt64 = 1 &<< UInt64(name.rawValue & 0x3F)
        if name.rawValue & 0x40 == 0 { self.low |= bit } else { self.high |= bit }
    }

    /// Takes `name` out.
    @inlinable public mutating func remove(_ name: FieldName) {
        let bit: UInt64 = 1 &<< UInt64(name.rawValue & 0x3F)
        if name.rawValue & 0x40 == 0 { self.low &= ~bit } else { self.high &= ~bit }
    }

    /// The members of either set.
    @inlinable public func union(_ other: FieldNameSet) -> FieldNameSet {
        var result = self
        result.low |= other.low
        result.high |= other.high
        return result
    }

    /// The members of both sets.
    @inlinable public func intersection(_ other: FieldNameSet) -> FieldNameSet {
        var result = self
        result.low &= other.low
        result.high &= other.high
        return result
    }
}

extension FieldNameSet {
    /// Fields that concern one connection only and are never forwarded, with those that the gateway writes itself from
    /// its own framing decision (STANDARDS §5, RFC 9110 §7.6.1).
    public static let hopByHop: FieldNameSet = [
        .connection, .proxyConnection, .keepAlive, .te, .transferEncoding, .upgrade, .proxyAuthenticate,
        .proxyAuthorization, .trailer, .http2Settings, .contentLength,
    ]

    /// Fields that carry the caller's API key; never forwarded.
    public static let credentials: FieldNameSet = [.authorization, .xAPIKey]

    /// Fields that say where a request came from; only a trusted peer may send them.
    public static let forwarding: FieldNameSet = [
        .forwarded, .xForwardedFor, .xForwardedProto, .xForwardedHost, .xForwardedPort, .xRealIP,
    ]

    /// Fields that a client can never state to an upstream, in either spelling.
    public static let reserved: FieldNameSet = [.tollgate, .underscoreAlias]

    /// End-to-end fields which a `Connection` option cannot take away: otherwise a client could strip what the gateway
    /// routes, frames or authorises by.
    public static let protectedFromConnection: FieldNameSet = [
        .authorization, .host, .contentLength, .cacheControl, .tollgate, .xAPIKey, .cookie, .idempotencyKey,
    ]

    /// Fields whose presence in a trailer section makes the message suspect: framing, routing and authentication
    /// (RFC 9110 §6.5.1).
    public static let refusedInTrailers: FieldNameSet = [
        .contentLength, .transferEncoding, .host, .authorization, .proxyAuthorization, .xAPIKey, .te, .connection,
        .upgrade, .expect,
    ]

    /// Fields that are harmless in a trailer section but must not be forwarded from it.
    public static let droppedFromTrailers: FieldNameSet = FieldNameSet.hopByHop
        .union(.refusedInTrailers).union(.forwarding).union(.reserved)
        .union([
            .contentType, .contentEncoding, .contentRange, .cookie, .setCookie, .wwwAuthenticate, .idempotencyKey,
            .maxForwards, .cacheControl, .age, .date, .retryAfter, .retryAfterMs, .location, .vary, .via,
            .xRequestID, .traceparent, .tracestate, .baggage, .rateLimit, .xRateLimit, .accept, .acceptEncoding,
        ])
}
