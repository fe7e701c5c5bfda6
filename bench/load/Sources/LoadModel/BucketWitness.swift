/// Holds what a client saw admitted and refused against one token bucket. Decisions are made at an unknown instant between
/// sending and answering, so it accuses only where no such instants explain what was seen.
public struct BucketWitness: Sendable {
    public let limit: AllowedRate
    public private(set) var admitted = 0
    public private(set) var refused = 0
    private var firstSentNs: UInt64?
    private var lastAdmittedNs: UInt64 = 0
    /// The least that the bucket can hold: it began empty and every request was charged as late as possible.
    private var least = 0.0
    private var leastAtNs: UInt64 = 0
    private var wronged = 0

    public init(_ limit: AllowedRate) { self.limit = limit }

    /// An answer arrived; call in the order of arrival. Replays are charged at most once, so they only lower `least`.
    /// `inFlight` are requests to this bucket that were sent and not yet answered, this one not counted.
    public mutating func saw(isAdmitted: Bool, isReplay: Bool, sentNs: UInt64, answeredNs: UInt64, inFlight: Int) {
        let first = min(firstSentNs ?? sentNs, sentNs)
        if firstSentNs == nil { leastAtNs = sentNs }
        firstSentNs = first
        if answeredNs > leastAtNs {
            least = min(limit.capacity, least + limit.refillPerSecond * Double(answeredNs - leastAtNs) / 1e9)
            leastAtNs = answeredNs
        }
        if isAdmitted {
            least -= 1
            if !isReplay {
                admitted += 1
                lastAdmittedNs = max(lastAdmittedNs, answeredNs)
            }
        } else {
            refused += 1
            let sinceSent = limit.refillPerSecond * Double(answeredNs - min(sentNs, answeredNs)) / 1e9
            if least - sinceSent - Double(inFlight) >= 1.001 { wronged += 1 }
        }
    }

    /// The most that the bucket can have let through: full at the first request, refilled until the last answer.
    public var allowed: Double {
        guard let firstSentNs, lastAdmittedNs > firstSentNs else { return limit.capacity }
        return limit.allowed(inNs: lastAdmittedNs - firstSentNs)
    }

    /// Admitted beyond what the bucket can have held.
    public var excess: Int { max(0, admitted - Int(allowed.rounded(.down))) }

    /// Refused although the bucket must have held enough.
    public var wronglyRefused: Int { wronged }
}
