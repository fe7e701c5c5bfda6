import COpenSSL

/// SHA-256 over bytes that arrive in pieces (FIPS 180-4). A plain value without allocation: copying it forks the hash.
public struct SHA256Hasher: Sendable {
    private var state: SHA256_CTX

    /// Starts an empty hash.
    public init() {
        self.state = SHA256_CTX()
        Self.start(LibcryptoSHA256.self, &self.state)
    }

    /// Appends bytes. An empty span changes nothing.
    public mutating func update(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBytes { Self.update(LibcryptoSHA256.self, &self.state, $0) }
    }

    /// Appends bytes of memory that no span can be had for.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        Self.update(LibcryptoSHA256.self, &self.state, bytes)
    }

    /// Appends a text's UTF-8.
    public mutating func update(_ text: String) {
        self.update(text.utf8.span)
    }

    /// Appends a number as 8 big-endian bytes: the length prefix that keeps ("ab", "c") and ("a", "bc") apart.
    public mutating func update(bigEndian number: UInt64) {
        withUnsafeBytes(of: number.bigEndian) { Self.update(LibcryptoSHA256.self, &self.state, $0) }
    }

    /// The digest of everything appended so far.
    public consuming func finish() -> SHA256Digest {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                guard let base = bytes.baseAddress else { return }
                Self.finish(LibcryptoSHA256.self, &self.state, into: base)
            }
        }
        return SHA256Digest(
            word0: UInt64(bigEndian: words.0), word1: UInt64(bigEndian: words.1),
            word2: UInt64(bigEndian: words.2), word3: UInt64(bigEndian: words.3))
    }

    private static func start<Calls: SHA256Calls>(_: Calls.Type, _ state: inout SHA256_CTX) {
        Calls.start(&state)
    }

    private static func update<Calls: SHA256Calls>(
        _: Calls.Type, _ state: inout SHA256_CTX, _ bytes: UnsafeRawBufferPointer
    ) {
        Calls.update(&state, bytes)
    }

    private static func finish<Calls: SHA256Calls>(
        _: Calls.Type, _ state: inout SHA256_CTX, into digest: UnsafeMutablePointer<UInt8>
    ) {
        Calls.finish(&state, into: digest)
    }
}
