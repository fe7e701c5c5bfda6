import COpenSSL

/// The three calls of libcrypto's SHA-256 that work on a state of the caller's, without allocation.
///
/// libcrypto 3 marks them deprecated in favour of EVP, and its one-shot `SHA256()` is by now a wrapper around EVP too:
/// it looks the algorithm up and allocates a context for every call (measured for a 47-byte key: 301 ns against
/// 53 ns here). A request hashes at least one key, so the cheap calls are worth keeping. They stand in this one file;
/// the protocol is what keeps a declared deprecation from being a warning at each use.
protocol SHA256Calls {
    static func start(_ state: inout SHA256_CTX)
    static func update(_ state: inout SHA256_CTX, _ bytes: UnsafeRawBufferPointer)
    static func finish(_ state: inout SHA256_CTX, into digest: UnsafeMutablePointer<UInt8>)
}

/// libcrypto's implementation. The return codes are not looked at: they are 1 by construction, whatever the input.
enum LibcryptoSHA256: SHA256Calls {
    @available(*, deprecated, message: "called through SHA256Calls")
    static func start(_ state: inout SHA256_CTX) {
        _ = SHA256_Init(&state)
    }

    @available(*, deprecated, message: "called through SHA256Calls")
    static func update(_ state: inout SHA256_CTX, _ bytes: UnsafeRawBufferPointer) {
        _ = SHA256_Update(&state, bytes.baseAddress, bytes.count)
    }

    @available(*, deprecated, message: "called through SHA256Calls")
    static func finish(_ state: inout SHA256_CTX, into digest: UnsafeMutablePointer<UInt8>) {
        _ = SHA256_Final(digest, &state)
    }
}
