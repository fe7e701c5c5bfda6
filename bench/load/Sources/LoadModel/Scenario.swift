/// What a load run does, as a scenario file says it.
public struct Scenario: Sendable, Equatable {
    public var name: String
    public var about: String
    public var requests: [RequestKind]
    public var load: Load
    public var keys: KeyChoice
    /// What the gateway was configured to allow; checked against what it admitted.
    public var limits: [AllowedRate]
    /// What may come back without being an error. 409 is one more for repetitions.
    public var statuses: Set<Int>

    public init(
        name: String, about: String = "", requests: [RequestKind], load: Load, keys: KeyChoice = .uniform,
        limits: [AllowedRate] = [], statuses: Set<Int> = Scenario.usualStatuses
    ) {
        (self.name, self.about, self.requests, self.load) = (name, about, requests, load)
        (self.keys, self.limits, self.statuses) = (keys, limits, statuses)
    }

    public static let usualStatuses: Set<Int> = [200, 201, 202, 204, 429]
}

/// One kind of request, and how often it is drawn beside the others.
public struct RequestKind: Sendable, Equatable {
    public var name: String
    public var weight: Double
    public var method: String
    public var path: String
    public var headers: [Header]
    /// `{n}` in it is a number that no other request of the run has.
    public var body: String?
    /// How often each is sent in all under one Idempotency-Key; 1: without the header.
    public var repetitions: Int
    /// Whether the answer is an event stream: read to its end, its events counted.
    public var isEventStream: Bool

    public init(
        name: String, weight: Double = 1, method: String = "GET", path: String, headers: [Header] = [],
        body: String? = nil, repetitions: Int = 1, isEventStream: Bool = false
    ) {
        (self.name, self.weight, self.method, self.path) = (name, weight, method, path)
        (self.headers, self.body, self.repetitions, self.isEventStream) = (headers, body, repetitions, isEventStream)
    }
}

public struct Header: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(name: String, value: String) { (self.name, self.value) = (name, value) }
}

/// When requests are sent.
public struct Load: Sendable, Equatable {
    public enum Loop: Sendable, Equatable {
        /// At these rates, whatever the answers do: latency counts from the moment a request was due.
        case open([Stage], isRandom: Bool)
        /// Each connection sends its next request when it has its answer, after `thinkNs`.
        case closed(durationNs: UInt64, thinkNs: UInt64)
    }

    public struct Stage: Sendable, Equatable {
        /// Requests a second.
        public var rate: Double
        public var durationNs: UInt64

        public init(rate: Double, durationNs: UInt64) { (self.rate, self.durationNs) = (rate, durationNs) }
    }

    public var loop: Loop
    public var connections: Int
    public var threads: Int
    /// What is sent in this time is checked but not measured.
    public var warmUpNs: UInt64

    public init(loop: Loop, connections: Int = 64, threads: Int = 1, warmUpNs: UInt64 = 0) {
        (self.loop, self.connections, self.threads, self.warmUpNs) = (loop, connections, threads, warmUpNs)
    }

    /// The whole run, its warm-up included. An open loop warms up at its first rate.
    public var totalNs: UInt64 {
        switch loop {
        case .open(let stages, _): return stages.reduce(warmUpNs) { $0 + $1.durationNs }
        case .closed(let durationNs, _): return warmUpNs + durationNs
        }
    }

    /// An open loop's stages with the warm-up as its first.
    public var stages: [Stage] {
        guard case .open(let stages, _) = loop, let first = stages.first, warmUpNs > 0 else {
            if case .open(let stages, _) = loop { return stages }
            return []
        }
        return [Stage(rate: first.rate, durationNs: warmUpNs)] + stages
    }
}

/// Which API key sends the next request.
public enum KeyChoice: Sendable, Equatable {
    case uniform
    /// Key number k is drawn in proportion to 1 / k^exponent.
    case zipf(exponent: Double)
    /// The first key gets this share of all requests, the others the rest in equal parts.
    case hot(share: Double)
}

/// A token bucket that the gateway is expected to enforce: requests, not tokens of another kind.
public struct AllowedRate: Sendable, Equatable {
    public enum Scope: String, Sendable, Equatable { case key, all }

    public var scope: Scope
    public var capacity: Double
    public var refillPerSecond: Double

    public init(scope: Scope, capacity: Double, refillPerSecond: Double) {
        (self.scope, self.capacity, self.refillPerSecond) = (scope, capacity, refillPerSecond)
    }

    /// What it allows at most in a time that began with it full.
    public func allowed(inNs elapsed: UInt64) -> Double { capacity + refillPerSecond * Double(elapsed) / 1e9 }
}
