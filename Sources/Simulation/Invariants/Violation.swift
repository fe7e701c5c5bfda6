/// A promise that was broken, and when.
public struct Violation: Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        case executedTwice = "a key executed twice"
        case requestExecutedTwice = "a request without a key executed twice"
        case usageLost = "usage lost"
        case usageCountedTwice = "usage counted that was not served, or counted twice"
        case limitExceeded = "a limit admitted more than its bound"
        case quotaExceeded = "a quota was exceeded"
        case tooManyInFlight = "more requests in flight than allowed"
        case revokedKeyServed = "a revoked key was admitted"
        case answeredTwice = "a request has two answers"
        case answerOutOfOrder = "an answer out of order"
        case differentAnswers = "a key with different answers"
        case staysOpen = "something stays open"
        case keyStuck = "a key stays claimed by nobody"
        case waitedTooLong = "a request waited for the store for too long"
        case shareOverspent = "gateways spent more of a limit by themselves than their shares"
        case givenBackTwice = "quota was given back that was not taken"
        case strangerSettled = "a claim was settled by another than its owner"
    }

    public let kind: Kind
    public let detail: String
    public let atMs: Int

    public var description: String { "\(self.kind.rawValue) (at \(self.atMs) ms): \(self.detail)" }
}
