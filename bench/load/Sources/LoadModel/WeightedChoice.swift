import Glibc

/// Draws an index in proportion to its weight.
public struct WeightedChoice: Sendable {
    private let bounds: [Double]

    /// Weights of which none is negative; where all are zero, all are equal.
    public init(weights: [Double]) {
        var sum = 0.0
        let isFlat = weights.allSatisfy { $0 <= 0 }
        bounds = weights.map { weight in
            sum += isFlat ? 1 : weight
            return sum
        }
    }

    public init(_ choice: KeyChoice, keys: Int) {
        switch choice {
        case .uniform: self.init(weights: Array(repeating: 1, count: keys))
        case .zipf(let exponent): self.init(weights: (1...max(keys, 1)).map { Self.power(Double($0), -exponent) })
        case .hot(let share):
            let rest = keys > 1 ? (1 - share) / Double(keys - 1) : 0
            self.init(weights: (0..<max(keys, 1)).map { $0 == 0 ? (keys > 1 ? share : 1) : rest })
        }
    }

    public func draw(_ randomness: inout Randomness) -> Int {
        guard bounds.count > 1, let sum = bounds.last else { return 0 }
        let point = randomness.unit() * sum
        var low = 0
        var high = bounds.count - 1
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] > point { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}
