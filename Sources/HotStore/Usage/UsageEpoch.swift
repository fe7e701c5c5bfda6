/// Names a span in which the counters of an org only rise: the word of the org's version tag, which is lost when Redis
/// comes back empty, and the beginning of Redis's run id, which changes when it restarts from an older copy.
public struct UsageEpoch: Sendable, Equatable, Hashable {
    public let text: String

    init(text: String) {
        self.text = text
    }

    /// - Parameters:
    ///   - versionTag: `<version>:<word>`.
    ///   - serverRunID: Redis's `run_id`, of which eight characters count.
    public init(versionTag: String, serverRunID: String) {
        let word = versionTag.drop { $0 != ":" }.dropFirst()
        self.text = "\(word).\(serverRunID.prefix(8))"
    }
}
