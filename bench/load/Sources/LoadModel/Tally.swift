public import Histogram

/// What became of the requests of one run, or of one thread of it.
public struct Tally: Sendable {
    /// One second of the run, by the time of the answer.
    public struct Second: Sendable {
        public var due = 0
        public var admitted = 0
        public var limited = 0
        public var failed = 0
        /// Latency from the due time, in microseconds.
        public var latency = Histogram<UInt32>(
            highestTrackableValue: 100_000_000, numberOfSignificantValueDigits: .two)
    }

    /// Nanoseconds from the moment a request was due to its answer's last byte: what a user waits.
    public var latency = Histogram<UInt64>(
        highestTrackableValue: 100_000_000_000, numberOfSignificantValueDigits: .three)
    /// Nanoseconds from its actual sending.
    public var service = Histogram<UInt64>(
        highestTrackableValue: 100_000_000_000, numberOfSignificantValueDigits: .three)
    public var seconds: [Second] = []
    public var statuses: [Int: Int] = [:]

    // Warm-up included, since buckets and meters count it too.
    public var sentInAll = 0
    public var servedInAll = 0
    /// Measured requests only.
    public var sent = 0
    public var admitted = 0
    public var limited = 0
    public var unexpected = 0
    public var broken = 0
    public var timeouts = 0
    /// Due, but no connection was free until the end of the run.
    public var unsent = 0
    public var bytes = 0
    public var eventStreams = 0
    public var events = 0

    public init() {}

    /// What an answer was.
    public enum Outcome: Sendable { case admitted, limited, unexpected }

    public mutating func wasDue(second: Int) { with(second) { $0.due += 1 } }

    public mutating func failed(second: Int) { with(second) { $0.failed += 1 } }

    /// Counts a measured answer; times in nanoseconds from the start of the measurement.
    public mutating func answered(_ outcome: Outcome, dueNs: UInt64, sentNs: UInt64, nowNs: UInt64) {
        let waited = nowNs - min(dueNs, nowNs)
        switch outcome {
        case .admitted: admitted += 1
        case .limited: limited += 1
        case .unexpected: unexpected += 1
        }
        latency.record(min(waited, 99_000_000_000))
        service.record(min(nowNs - min(sentNs, nowNs), 99_000_000_000))
        with(Int(nowNs / 1_000_000_000)) {
            switch outcome {
            case .admitted: $0.admitted += 1
            case .limited: $0.limited += 1
            case .unexpected: $0.failed += 1
            }
            $0.latency.record(min(waited / 1000, 99_000_000))
        }
    }

    private mutating func with(_ second: Int, _ change: (inout Second) -> Void) {
        while seconds.count <= second { seconds.append(Second()) }
        change(&seconds[second])
    }

    public mutating func add(_ other: Tally) {
        latency.add(other.latency)
        service.add(other.service)
        for (index, second) in other.seconds.enumerated() {
            with(index) {
                $0.due += second.due
                $0.admitted += second.admitted
                $0.limited += second.limited
                $0.failed += second.failed
                $0.latency.add(second.latency)
            }
        }
        statuses.merge(other.statuses) { $0 + $1 }
        sentInAll += other.sentInAll
        servedInAll += other.servedInAll
        sent += other.sent
        admitted += other.admitted
        limited += other.limited
        unexpected += other.unexpected
        broken += other.broken
        timeouts += other.timeouts
        unsent += other.unsent
        bytes += other.bytes
        eventStreams += other.eventStreams
        events += other.events
    }
}
