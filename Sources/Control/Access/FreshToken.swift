import Digests
import Domain
public import Records

/// A token just made: the only moment when it is known.
public struct FreshToken: Sendable {
    /// The token itself.
    public let text: String
    /// What is kept of it.
    public let record: NewAdminToken

    /// - Parameter seat: whom it speaks for; nil makes an operator's.
    public init(seat: NewAdminToken.Seat?, name: String, lifetime: Duration) {
        self.text = Authenticator.form.generate(environment: .live) { SecureRandom.byte() }
        self.record = NewAdminToken(
            id: NewID.make("tok_"), seat: seat, name: name, hash: SHA256Digest(of: self.text).hexText,
            prefix: Authenticator.form.displayPrefix(self.text), lifetime: lifetime)
    }
}
