// What a request as a whole must satisfy, once its lines are known to be well formed (STANDARDS §5).
extension RequestHead {
    /// Derives everything that depends on more than one line. Returns the first rule that is broken.
    mutating func conclude(_ bytes: Span<UInt8>) -> WireError? {
        if let error = self.concludeAuthority(bytes) { return error }
        switch self.fields.declaredFraming(bytes, minorVersion: self.minorVersion) {
        case .success(let framing): self.framing = framing
        case .failure(let error): return error
        }
        if self.method == .trace, self.framing.mayHaveContent { return .contentInTrace }
        guard let connection = ConnectionOptions(bytes, self.fields) else { return .connectionOptionsTooMany }
        self.connection = connection
        self.keepAlive = !connection.close && (self.minorVersion == 1 || connection.keepAlive)
        self.upgrade = connection.upgrade && self.fields.contains(.upgrade) && self.minorVersion == 1
        self.acceptsTrailers = self.minorVersion == 1 && self.listsTrailers(bytes)
        return self.concludeExpectation(bytes)
    }

    /// Exactly one valid Host in HTTP/1.1, at most one in HTTP/1.0; the target's authority, if any, takes its place.
    private mutating func concludeAuthority(_ bytes: Span<UInt8>) -> WireError? {
        switch self.fields.count(of: .host) {
        case 0:
            guard self.minorVersion == 0 else { return .hostMissing }
        case 1:
            guard let value = self.fields.first(.host)?.value, let authority = Authority(bytes, value) else {
                return .hostInvalid
            }
            self.authority = authority
        default:
            return .hostRepeated
        }
        guard !self.target.authority.isEmpty || self.target.form == .absolute else { return nil }
        guard let authority = Authority(bytes, self.target.authority) else { return .targetInvalid }
        if self.target.form == .authority, authority.port.isEmpty { return .targetInvalid }
        self.authority = authority
        return nil
    }

    private func listsTrailers(_ bytes: Span<UInt8>) -> Bool {
        var isListed = false
        self.fields.forEachValue(of: .te) { value in
            var elements = ListElements(value)
            while let element = elements.next(bytes) {
                isListed = isListed || bytes.matches(element, lowercase: "trailers")
            }
        }
        return isListed
    }

    /// RFC 9110 §10.1.1: 100-continue is the only expectation, and HTTP/1.0 has none.
    private mutating func concludeExpectation(_ bytes: Span<UInt8>) -> WireError? {
        guard self.minorVersion == 1, self.fields.contains(.expect) else { return nil }
        var isKnown = true
        self.fields.forEachValue(of: .expect) { value in
            isKnown = isKnown && bytes.matches(value, lowercase: "100-continue")
        }
        guard isKnown else { return .expectationNotSupported }
        self.expectsContinue = self.framing.mayHaveContent
        return nil
    }
}
