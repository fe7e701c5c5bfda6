/// HMAC-SHA-256 (RFC 2104) under one key. The key is absorbed once, so that a code costs only its own bytes.
public struct HMACSHA256: Sendable {
    private let inner: SHA256Hasher
    private let outer: SHA256Hasher

    /// Absorbs a key of any length; one longer than 64 bytes counts as its SHA-256, as the RFC has it.
    public init(key: Span<UInt8>) {
        var block = InlineArray<64, UInt8>(repeating: 0)
        if key.count > 64 {
            let digest = SHA256Digest(of: key).bytes
            for index in 0..<32 { block[index] = digest[index] }
        } else {
            for index in 0..<key.count { block[index] = key[index] }
        }
        self.inner = Self.absorb(block, pad: 0x36)
        self.outer = Self.absorb(block, pad: 0x5C)
    }

    /// The code of one span.
    public func code(for bytes: Span<UInt8>) -> SHA256Digest {
        var running = self.start()
        running.update(bytes)
        return self.finish(running)
    }

    /// Starts a code over several parts: `update` what comes back, then give it to ``finish(_:)``.
    public func start() -> SHA256Hasher {
        self.inner
    }

    /// The code of everything that was appended to a hasher from ``start()``.
    public func finish(_ running: consuming SHA256Hasher) -> SHA256Digest {
        let digest = running.finish().bytes
        var outer = self.outer
        outer.update(digest.span)
        return outer.finish()
    }

    private static func absorb(_ block: InlineArray<64, UInt8>, pad: UInt8) -> SHA256Hasher {
        let padded = InlineArray<64, UInt8> { block[$0] ^ pad }
        var hasher = SHA256Hasher()
        hasher.update(padded.span)
        return hasher
    }
}
