import Digests
import Glibc
import HTTPWire

/// The `Authorization` field that a connection presented last, and the digest of the key in it.
///
/// Clients send the same key with every request of a connection. To take the field apart, to check the key's form and to
/// hash it is a tenth of what the edge does for a request; to see that the bytes are those of the last time is next to
/// nothing. What is remembered is only that these bytes have this digest, which never changes: whose digest it is, and
/// what they may, is asked for every request anew.
///
/// The bytes are compared whole, in a time that depends on their length only, though a connection could learn nothing
/// about a key but the one it has sent itself. They are overwritten as soon as they are not wanted any more; while the
/// connection is open its receive buffer holds them too.
struct PresentedKey: ~Copyable {
    private var field = ContiguousArray<UInt8>()
    private var sources: CredentialSources = []
    private var digest: SHA256Digest?

    /// A longer field is taken apart each time.
    static let bytesMax = 256

    /// The digest of the key in `field`, where it is the field of the last time, on a route that takes the same sources.
    func digest(of field: Span<UInt8>, accepting sources: CredentialSources) -> SHA256Digest? {
        guard let digest, sources == self.sources, ConstantTime.areEqual(field, self.field.span) else { return nil }
        return digest
    }

    /// Keeps a field whose key is well formed.
    mutating func keep(_ field: Span<UInt8>, accepting sources: CredentialSources, digest: SHA256Digest) {
        self.forget()
        guard field.count <= Self.bytesMax else { return }
        // Room at once: a growing array would leave copies of the key behind.
        self.field.reserveCapacity(field.count)
        for index in 0..<field.count { self.field.append(field[index]) }
        self.sources = sources
        self.digest = digest
    }

    mutating func forget() {
        guard self.digest != nil else { return }
        self.digest = nil
        self.field.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            explicit_bzero(start, bytes.count)
        }
        self.field.removeAll(keepingCapacity: true)
    }
}
