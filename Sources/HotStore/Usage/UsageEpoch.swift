/// Names a span in which counters only rise, and in which one process alone counts: the life of a gateway's journal. What
/// becomes of Redis does not matter to it: whoever has the journal tells Redis again.
public struct UsageEpoch: Sendable, Equatable, Hashable {
    /// At most 64 characters.
    public let text: String

    /// - Parameter text: the id of a journal.
    public init(_ text: String) {
        self.text = text
    }
}
