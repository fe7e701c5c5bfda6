/// A fast generator of well-mixed numbers (xoshiro256++ by Blackman and Vigna): one for each event loop.
///
/// For ids that must not collide, and for spreading load. Not for secrets: who sees enough output can compute the rest.
public struct FastRandom: RandomNumberGenerator, Sendable {
    private var s0: UInt64
    private var s1: UInt64
    private var s2: UInt64
    private var s3: UInt64

    /// A generator seeded by the kernel (`getrandom`).
    public init() {
        var system = SystemRandomNumberGenerator()
        self.init(s0: system.next(), s1: system.next(), s2: system.next(), s3: system.next() | 1)
    }

    /// A generator whose output a seed fixes: for tests and simulation.
    public init(seed: UInt64) {
        // splitmix64, as the authors advise: it never yields the all-zero state.
        var state = seed
        func word() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
        self.init(s0: word(), s1: word(), s2: word(), s3: word())
    }

    private init(s0: UInt64, s1: UInt64, s2: UInt64, s3: UInt64) {
        self.s0 = s0
        self.s1 = s1
        self.s2 = s2
        self.s3 = s3
    }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        let result = Self.rotate(self.s0 &+ self.s3, 23) &+ self.s0
        let shifted = self.s1 << 17
        self.s2 ^= self.s0
        self.s3 ^= self.s1
        self.s1 ^= self.s2
        self.s0 ^= self.s3
        self.s2 ^= shifted
        self.s3 = Self.rotate(self.s3, 45)
        return result
    }

    @inline(__always)
    private static func rotate(_ word: UInt64, _ bits: UInt64) -> UInt64 {
        word << bits | word >> (64 - bits)
    }
}
