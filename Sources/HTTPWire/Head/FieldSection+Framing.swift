// The framing rules that requests and responses share (RFC 9112 §6). Everything doubtful is an error: each of the
// tolerances that the RFC allows has been somebody's smuggling bug.
extension FieldSection {
    /// What `Content-Length` and `Transfer-Encoding` say together: `none`, `length` or `chunked`.
    func declaredFraming(_ bytes: Span<UInt8>, minorVersion: UInt8) -> Result<BodyFraming, WireError> {
        if self.contains(.transferEncoding) {
            if self.contains(.contentLength) { return .failure(.contentLengthWithTransferEncoding) }
            if minorVersion == 0 { return .failure(.transferEncodingInHTTP10) }
            if let error = self.transferEncodingError(bytes) { return .failure(error) }
            return .success(.chunked)
        }
        guard let field = self.first(.contentLength) else { return .success(.none) }
        guard self.count(of: .contentLength) == 1 else { return .failure(.contentLengthRepeated) }
        if self.hasTab(bytes, .contentLength) { return .failure(.contentLengthInvalid) }
        return Self.contentLength(bytes, field.value).map { .length($0) }
    }

    /// `1*DIGIT` and nothing else: no sign, no list, no white space.
    private static func contentLength(_ bytes: Span<UInt8>, _ value: ByteRange) -> Result<Int, WireError> {
        guard !value.isEmpty else { return .failure(.contentLengthInvalid) }
        var length = 0
        var isTooLarge = false
        for offset in value.bounds {
            guard bytes[offset].isDigit else { return .failure(.contentLengthInvalid) }
            let (tens, overflowed) = length.multipliedReportingOverflow(by: 10)
            let (sum, overflowedToo) = tens.addingReportingOverflow(Int(bytes[offset] &- 0x30))
            isTooLarge = isTooLarge || overflowed || overflowedToo
            length = sum
        }
        return isTooLarge ? .failure(.contentLengthTooLarge) : .success(length)
    }

    /// Nil only for one single coding, `chunked`.
    private func transferEncodingError(_ bytes: Span<UInt8>) -> WireError? {
        var codings = 0
        var chunked = 0
        var endsInChunked = false
        var isMalformed = false
        self.forEachValue(of: .transferEncoding) { value in
            var elements = ListElements(value)
            while let element = elements.next(bytes) {
                codings += 1
                endsInChunked = bytes.matches(element, lowercase: "chunked")
                if endsInChunked { chunked += 1 }
                if !Self.isCoding(bytes, element) { isMalformed = true }
            }
        }
        guard endsInChunked, chunked == 1, !isMalformed, !self.hasTab(bytes, .transferEncoding) else {
            return .transferEncodingInvalid
        }
        return codings == 1 ? nil : .transferCodingNotImplemented
    }

    /// Whether a line named `id` has an HTAB around its value. Blanks may be tabs, but llhttp and others take such a tab
    /// for a part of the value, and a disagreement over these two fields is how requests are smuggled.
    private func hasTab(_ bytes: Span<UInt8>, _ id: FieldName) -> Bool {
        guard let first = self.index(of: id) else { return false }
        for index in first..<self.lines.count where self.lines[index].id == id {
            for offset in self.lines[index].name.end..<self.lineEnd(index) where bytes[offset] == Byte.tab {
                return true
            }
        }
        return false
    }

    /// Whether `element` is a token, perhaps with parameters after a semicolon.
    private static func isCoding(_ bytes: Span<UInt8>, _ element: ByteRange) -> Bool {
        var offset = element.start
        while offset < element.end, bytes[offset].isToken { offset &+= 1 }
        guard offset > element.start else { return false }
        while offset < element.end, bytes[offset].isBlank { offset &+= 1 }
        return offset == element.end || bytes[offset] == Byte.semicolon
    }
}
