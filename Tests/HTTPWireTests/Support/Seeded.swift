import Foundation

/// SplitMix64: the same numbers for the same seed on every machine.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// A number in `0..<bound`; 0 if there is none. Cheaper than `Int.random`, and these tests draw millions.
    mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(self.next() >> 33) % bound : 0 }

    mutating func one<Element>(of choices: [Element]) -> Element { choices[self.below(choices.count)] }

    mutating func chance(_ percent: Int) -> Bool { self.below(100) < percent }
}

/// Whether the long case counts were asked for.
let isFullRun = ProcessInfo.processInfo.environment["TOLLGATE_FULL"] == "1"
