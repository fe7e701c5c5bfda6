extension ResponseHead {
    /// Derives framing and reuse (RFC 9112 §6.3, §9.3). Returns the first rule that is broken.
    mutating func conclude(_ bytes: Span<UInt8>, answering method: Method) -> WireError? {
        let declared: BodyFraming
        switch self.fields.declaredFraming(bytes, minorVersion: self.minorVersion) {
        case .success(let framing): declared = framing
        case .failure(let error): return error
        }
        if case .length(let length) = declared { self.declaredLength = length }
        guard let connection = ConnectionOptions(bytes, self.fields) else { return .connectionOptionsTooMany }
        self.connection = connection
        self.keepAlive = !connection.close && (self.minorVersion == 1 || connection.keepAlive)

        if self.status < 200 || self.status == 204 {
            self.framing = .none
            // A 204 that announces content may well send it, so what follows on this connection cannot be trusted. After
            // a 1xx the final response follows, and content in its place would fail to read as one.
            if self.status == 204, declared.mayHaveContent { self.keepAlive = false }
        } else if method == .head || self.status == 304 || (method == .connect && self.status < 300) {
            self.framing = .none
        } else if declared == .none {
            self.framing = .untilClose
            self.keepAlive = false
        } else {
            self.framing = declared
        }
        return nil
    }
}
