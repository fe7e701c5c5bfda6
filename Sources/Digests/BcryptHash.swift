import CCrypt
import Glibc

/// A bcrypt hash of a key that was brought over from another system.
///
/// Checking one takes tens of milliseconds or more by design: call it on a bounded pool of threads, never on an event
/// loop. Thread-safe: each call brings its own working memory.
public struct BcryptHash: Sendable, Equatable, CustomStringConvertible {
    /// bcrypt reads no more than this many bytes of a password.
    public static let passwordBytesMax = 72
    /// The costs accepted. Each step doubles the time; 15 is about two seconds, enough to be a weapon against us.
    public static let costs = 4...15

    /// The hash, `$2b$12$…`, 60 characters.
    public let text: String
    /// Base-2 logarithm of the rounds.
    public let cost: Int

    /// Reads `$2a$`, `$2b$` or `$2y$`; `$2x$` marks hashes of a broken implementation and is refused.
    public init(_ text: String) throws(BcryptError) {
        guard let cost = Self.cost(of: text.utf8.span) else { throw .malformedHash }
        guard Self.costs.contains(cost) else { throw .costOutOfRange(cost) }
        self.text = text
        self.cost = cost
    }

    /// Hashes a password with a fresh salt.
    public static func make(of password: Span<UInt8>, cost: Int) throws(BcryptError) -> BcryptHash {
        guard Self.costs.contains(cost) else { throw .costOutOfRange(cost) }
        let salt = SecureRandom.bytes(16)
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        let made = salt.withUnsafeBytes { salt in
            crypt_gensalt_rn(
                "$2b$", UInt(cost), salt.bindMemory(to: CChar.self).baseAddress, CInt(salt.count), &setting,
                CInt(setting.count))
        }
        guard made != nil else { throw .unavailable }
        return try BcryptHash(Self.crypt(password, setting: setting))
    }

    /// Whether a password is the one that was hashed; the outcome is compared in constant time.
    public func verify(_ password: Span<UInt8>) throws(BcryptError) -> Bool {
        let setting = self.text.utf8.map { CChar(bitPattern: $0) } + [0]
        return try ConstantTime.areEqual(Self.crypt(password, setting: setting), self.text)
    }

    /// Reads a hash and checks a password against it.
    public static func verify(_ password: Span<UInt8>, hash: String) throws(BcryptError) -> Bool {
        try BcryptHash(hash).verify(password)
    }

    /// Never the hash itself: a description ends up in logs.
    public var description: String { "bcrypt, cost \(self.cost)" }

    private static func crypt(_ password: Span<UInt8>, setting: [CChar]) throws(BcryptError) -> String {
        guard password.count <= Self.passwordBytesMax else { throw .passwordTooLong(password.count) }
        var phrase = InlineArray<73, CChar>(repeating: 0)
        for index in 0..<password.count {
            guard password[index] != 0 else { throw .passwordContainsNUL }
            phrase[index] = CChar(bitPattern: password[index])
        }
        // 32 KiB, too much for the stack of a small thread; wiped, since it has held the password's schedule.
        let size = MemoryLayout<crypt_data>.size
        let scratch = UnsafeMutableRawBufferPointer.allocate(
            byteCount: size, alignment: MemoryLayout<crypt_data>.alignment)
        scratch.initializeMemory(as: UInt8.self, repeating: 0)
        defer {
            if let base = scratch.baseAddress { explicit_bzero(base, size) }
            scratch.deallocate()
        }
        let hash: String? = phrase.span.withUnsafeBufferPointer { phrase in
            guard let text = crypt_rn(phrase.baseAddress, setting, scratch.baseAddress, CInt(size)) else { return nil }
            return String(cString: text)
        }
        var mutablePhrase = phrase.mutableSpan
        mutablePhrase.update(repeating: 0)
        guard let hash else { throw .unavailable }
        return hash
    }

    /// The cost in a hash of the right shape: `$2b$NN$`, 22 characters of salt, 31 of hash.
    private static func cost(of text: Span<UInt8>) -> Int? {
        guard text.count == 60, text[0] == UInt8(ascii: "$"), text[1] == UInt8(ascii: "2"),
            [UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "y")].contains(text[2]),
            text[3] == UInt8(ascii: "$"), text[6] == UInt8(ascii: "$"),
            let tens = Self.digit(text[4]), let ones = Self.digit(text[5])
        else { return nil }
        for index in 7..<60 {
            switch text[index] {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                continue
            default:
                return nil
            }
        }
        return tens * 10 + ones
    }

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        default: nil
        }
    }
}
