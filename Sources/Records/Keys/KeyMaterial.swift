public import Domain

/// What is kept of a key.
public struct KeyMaterial: Sendable, Hashable {
    /// SHA-256 as 64 lower-case hex digits, or a bcrypt string.
    public var hash: String
    /// Which of both.
    public var algorithm: KeyHashAlgorithm
    /// The key's first 12 characters.
    public var prefix: String

    /// Describes a key.
    public init(hash: String, algorithm: KeyHashAlgorithm = .sha256, prefix: String) {
        self.hash = hash
        self.algorithm = algorithm
        self.prefix = prefix
    }
}
