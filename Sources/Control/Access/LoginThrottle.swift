/// Slows down guessing of tokens: failures are counted by address and by the beginning of the token, in token buckets
/// that fill again with time.
struct LoginThrottle {
    /// Failures at once, and how long one takes to be forgotten.
    struct Allowance {
        let failures: Double
        let secondsPerFailure: Double
    }

    private struct Bucket {
        var failures: Double
        var sinceS: Double
    }

    private let byAddress: Allowance
    private let byPrefix: Allowance
    /// Buckets kept; beyond it those that are empty by now go, then the rest.
    static let bucketsMax = 8_192

    private var buckets: [String: Bucket] = [:]

    /// - Parameter failuresMax: how many one address may have at once; half as many for one beginning of a token.
    init(failuresMax: Int = 20) {
        self.byAddress = Allowance(failures: Double(failuresMax), secondsPerFailure: 3)
        self.byPrefix = Allowance(failures: Double(max(1, failuresMax / 2)), secondsPerFailure: 12)
    }

    /// Seconds until another attempt is looked at; nil when it is now.
    func wait(address: String, prefix: String, nowS: Double) -> Int? {
        let waits = [
            self.wait("a\(address)", self.byAddress, nowS), self.wait("p\(prefix)", self.byPrefix, nowS),
        ].compactMap { $0 }
        return waits.max().map { max(1, Int($0.rounded(.up))) }
    }

    /// Notes a failure.
    mutating func failed(address: String, prefix: String, nowS: Double) {
        if self.buckets.count >= Self.bucketsMax { self.makeRoom(nowS) }
        self.add("a\(address)", self.byAddress, nowS)
        self.add("p\(prefix)", self.byPrefix, nowS)
    }

    var bucketCount: Int { self.buckets.count }

    private func wait(_ name: String, _ allowance: Allowance, _ nowS: Double) -> Double? {
        guard let bucket = self.buckets[name] else { return nil }
        let excess = Self.level(bucket, allowance, nowS) + 1 - allowance.failures
        return excess > 0 ? excess * allowance.secondsPerFailure : nil
    }

    private mutating func add(_ name: String, _ allowance: Allowance, _ nowS: Double) {
        let level = self.buckets[name].map { Self.level($0, allowance, nowS) } ?? 0
        self.buckets[name] = Bucket(failures: min(allowance.failures, level + 1), sinceS: nowS)
    }

    private static func level(_ bucket: Bucket, _ allowance: Allowance, _ nowS: Double) -> Double {
        max(0, bucket.failures - max(0, nowS - bucket.sinceS) / allowance.secondsPerFailure)
    }

    private mutating func makeRoom(_ nowS: Double) {
        let (byAddress, byPrefix) = (self.byAddress, self.byPrefix)
        self.buckets = self.buckets.filter { name, bucket in
            Self.level(bucket, name.hasPrefix("a") ? byAddress : byPrefix, nowS) > 0
        }
        if self.buckets.count >= Self.bucketsMax { self.buckets.removeAll(keepingCapacity: true) }
    }
}
