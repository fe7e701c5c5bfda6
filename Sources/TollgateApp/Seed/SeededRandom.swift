/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine, which the standard library's generator
/// does not promise.
struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number of a closed range. Not `Int.random(in:using:)`, whose way of drawing may change with the compiler.
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(self.next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// An element.
    mutating func pick<Element>(_ first: Element, _ others: Element...) -> Element {
        let index = self.number(0...others.count)
        return index == 0 ? first : others[index - 1]
    }

    /// A byte.
    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: self.next() >> 56) }
}
