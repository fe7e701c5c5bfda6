import Glibc

/// When the requests of an open loop are due: nanoseconds from the start, in order. It never looks at answers, which is
/// what makes the loop open.
public struct Arrivals: Sendable {
    private let stages: [Load.Stage]
    private let isRandom: Bool
    /// This thread takes every `stride`th request.
    private let stride: Int
    private var randomness: Randomness
    private var stage = 0
    private var stageStartNs = 0.0
    /// Within the stage.
    private var atNs: Double

    public init(stages: [Load.Stage], isRandom: Bool, thread: Int = 0, threads: Int = 1, seed: UInt64 = 1) {
        (self.stages, self.isRandom, self.stride) = (stages, isRandom, threads)
        randomness = Randomness(seed: seed &+ UInt64(thread))
        atNs = 0
        if let first = stages.first, first.rate > 0 {
            atNs = isRandom ? interval(first.rate) : Double(thread) * 1e9 / first.rate
        }
    }

    /// The next due time, or nil after the last.
    public mutating func next() -> UInt64? {
        while stage < stages.count {
            let current = stages[stage]
            // Half a nanosecond absorbs what adding intervals rounds away.
            if current.rate > 0, atNs < Double(current.durationNs) - 0.5 {
                let due = stageStartNs + atNs
                atNs += interval(current.rate)
                return UInt64(due)
            }
            stageStartNs += Double(current.durationNs)
            stage += 1
            guard stage < stages.count else { break }
            // What is left of the interval goes on at the next stage's rate.
            let over = max(0, atNs - Double(current.durationNs))
            let rate = stages[stage].rate
            atNs = current.rate > 0 && rate > 0 ? over * current.rate / rate : 0
        }
        return nil
    }

    private mutating func interval(_ rate: Double) -> Double {
        let mean = 1e9 * Double(stride) / rate
        return isRandom ? -log(1 - randomness.unit()) * mean : mean
    }
}
