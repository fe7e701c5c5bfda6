/// Reads `chunk-size [ chunk-ext ] CRLF` (RFC 9112 §7.1) across any number of reads, a byte at a time: the line is a
/// handful of bytes. Hexadecimal digits only, no `0x`, no sign, no white space before the extension.
struct ChunkLine: Sendable {
    private enum Part: Sendable { case size, extensions, lineFeed }

    enum Outcome {
        case size(Int)
        case incomplete
        case failed(WireError)
    }

    /// Digits of the longest size that fits a non-negative `Int`; also what bounds a run of leading zeros.
    private static var digitsMax: Int { 16 }

    private var part = Part.size
    private var size = 0
    private var digits = 0

    mutating func parse(
        _ bytes: Span<UInt8>, _ offset: inout Int, _ extensionBytes: inout Int, extensionBytesMax: Int
    ) -> Outcome {
        while offset < bytes.count {
            let byte = bytes[offset]
            offset &+= 1
            switch self.part {
            case .size:
                if let error = self.sizeByte(byte) { return .failed(error) }
                // The semicolon counts towards the bound, or empty extensions would be free.
                if self.part == .extensions { extensionBytes &+= 1 }
            case .extensions:
                if byte == Byte.carriageReturn {
                    self.part = .lineFeed
                } else if (byte < 0x20 && byte != Byte.tab) || byte == 0x7F {
                    return .failed(.chunkExtensionInvalid)
                } else {
                    extensionBytes &+= 1
                }
            case .lineFeed:
                guard byte == Byte.lineFeed else { return .failed(.bareCarriageReturn) }
                return .size(self.size)
            }
            guard extensionBytes <= extensionBytesMax else { return .failed(.chunkExtensionsTooLarge) }
        }
        return .incomplete
    }

    private mutating func sizeByte(_ byte: UInt8) -> WireError? {
        let value = byte.hexValue
        if value < 16 {
            self.digits &+= 1
            guard self.digits <= Self.digitsMax, self.size <= Int.max &>> 4 else { return .chunkSizeTooLarge }
            self.size = self.size &<< 4 | Int(value)
            return nil
        }
        guard self.digits > 0 else { return .chunkSizeInvalid }
        switch byte {
        case Byte.carriageReturn: self.part = .lineFeed
        case Byte.semicolon: self.part = .extensions
        default: return .chunkSizeInvalid
        }
        return nil
    }
}
