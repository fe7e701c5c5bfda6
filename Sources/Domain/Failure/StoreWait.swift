/// How long a request has waited for Redis, over everything it asked it: the look-up of its key, its place behind a call
/// of its kind, the decision, and the same again where its records had changed. What is left of its route's store deadline
/// is what the next question may take, so that no request waits for longer in all.
///
/// Times are monotonic nanoseconds; one origin for all that is compared.
public struct StoreWait: Sendable, Equatable {
    /// What earlier questions took.
    public private(set) var spentNs: Int
    /// When the wait under way would have begun had it been the only one; nil between two.
    public private(set) var sinceNs: Int?

    public init(spentNs: Int = 0) {
        self.spentNs = spentNs
    }

    /// A question is about to be asked. Nothing happens while one is.
    @inlinable
    public mutating func begin(nowNs: Int) {
        if self.sinceNs == nil { self.start(nowNs) }
    }

    @usableFromInline
    mutating func start(_ nowNs: Int) { self.sinceNs = nowNs - self.spentNs }

    /// It was answered, or what follows is no wait for Redis.
    public mutating func end(nowNs: Int) {
        guard let sinceNs else { return }
        self.spentNs = max(self.spentNs, nowNs - sinceNs)
        self.sinceNs = nil
    }

    /// Another request waits for the same answer, having waited for `spentNs` before: who waits longest counts.
    public mutating func include(spentNs: Int, nowNs: Int) {
        if let sinceNs {
            self.sinceNs = min(sinceNs, nowNs - spentNs)
        } else {
            self.spentNs = max(self.spentNs, spentNs)
        }
    }

    /// What is left of a deadline; 0 when there is nothing to wait for any more.
    public func leftNs(of deadlineNs: Int, nowNs: Int) -> Int {
        guard let sinceNs else { return max(0, deadlineNs - self.spentNs) }
        return max(0, sinceNs + deadlineNs - nowNs)
    }

    /// Whether what is left is too little for Redis to be judged by: less than half of what the deadline gives it.
    public static func isLate(leftNs: Int, of deadlineNs: Int) -> Bool { leftNs < deadlineNs - leftNs }
}
