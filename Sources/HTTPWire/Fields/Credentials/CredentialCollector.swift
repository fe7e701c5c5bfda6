/// Gathers the credentials of one request head, in the order its fields are met, and judges them at the end.
///
/// Every credential counts, accepted or not: a client that sends two has not decided who it is, and which of them an
/// upstream would have believed is not for the gateway to guess.
public struct CredentialCollector: Sendable {
    /// A key longer than this is no key of anybody's; it bounds what gets hashed.
    public static let keyBytesMax = 512

    private let accepted: CredentialSources
    private var seen = 0
    private var inQuery = false
    private var outcome: Outcome = .nothing

    private enum Outcome {
        case nothing
        case found(Credential)
        case failed(CredentialError)
    }

    /// A collector for a route that takes these sources.
    public init(accepting accepted: CredentialSources) {
        self.accepted = accepted
    }

    /// Call for each `Authorization` line; `offset` is where the value starts in the buffer that
    /// ``Credential/withKey(in:_:)`` will be given.
    public mutating func authorization(_ value: Span<UInt8>, at offset: Int = 0) {
        self.seen += 1
        guard self.seen == 1 else { return }
        let trimmed = FieldOctets.trimmed(value)
        let space = FieldOctets.position(of: 0x20, in: value, from: trimmed.lowerBound, to: trimmed.upperBound)
        let scheme = trimmed.lowerBound..<space
        var start = space
        while start < trimmed.upperBound, value[start] == 0x20 { start += 1 }
        let token = start..<trimmed.upperBound
        if FieldOctets.spells(value, scheme, "bearer") {
            self.note(.bearer, valid: Self.isB64Token(value, token), token, offset)
        } else if FieldOctets.spells(value, scheme, "basic") {
            var name = BasicUserName()
            self.note(.basic, valid: name.decode(value.extracting(token)), token, offset)
        } else {
            self.outcome = .failed(scheme.isEmpty ? .malformed : .missing)
        }
    }

    /// Call for each `X-API-Key` line; `offset` as for ``authorization(_:at:)``.
    public mutating func apiKey(_ value: Span<UInt8>, at offset: Int = 0) {
        self.seen += 1
        guard self.seen == 1 else { return }
        let key = FieldOctets.trimmed(value)
        self.note(.apiKeyHeader, valid: Self.isVisibleKey(value, key), key, offset)
    }

    /// Call with the request's query string, without `?`, if it has one.
    public mutating func query(_ query: Span<UInt8>) {
        if QueryCredentials.firstValue(in: query) != nil { self.inQuery = true }
    }

    /// The one credential, or why there is none.
    public func result() throws(CredentialError) -> Credential {
        if self.seen + (self.inQuery ? 1 : 0) > 1 { throw .multiple }
        if self.inQuery { throw .inQuery }
        switch self.outcome {
        case .nothing: throw .missing
        case .failed(let error): throw error
        case .found(let credential): return credential
        }
    }

    private mutating func note(_ source: CredentialSource, valid: Bool, _ range: Range<Int>, _ offset: Int) {
        if !self.accepted.accepts(source) {
            self.outcome = .failed(.notAccepted(source))
        } else if valid {
            let place = (range.lowerBound + offset)..<(range.upperBound + offset)
            self.outcome = .found(Credential(source: source, range: place))
        } else {
            self.outcome = .failed(.malformed)
        }
    }

    /// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`, bounded.
    private static func isB64Token(_ value: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty, range.count <= self.keyBytesMax else { return false }
        var end = range.upperBound
        while end > range.lowerBound, value[end - 1] == UInt8(ascii: "=") { end -= 1 }
        guard end > range.lowerBound else { return false }
        for index in range.lowerBound..<end where !self.isB64Byte(value[index]) { return false }
        return true
    }

    /// `ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/"`, as a bit of one of two words.
    @inline(__always)
    private static func isB64Byte(_ byte: UInt8) -> Bool {
        let bits: UInt64 = byte & 0x40 == 0 ? 0x03FF_E800_0000_0000 : 0x47FF_FFFE_87FF_FFFE
        return byte < 0x80 && (bits &>> UInt64(byte & 0x3F)) & 1 == 1
    }

    /// Visible ASCII without the comma, which is what two lines joined by another proxy would show.
    private static func isVisibleKey(_ value: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard !range.isEmpty, range.count <= self.keyBytesMax else { return false }
        for index in range {
            guard FieldOctets.isVisible(value[index]), value[index] != UInt8(ascii: ",") else { return false }
        }
        return true
    }
}
