/// An error reply: `-CODE text`.
public struct RedisServerError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The whole line, without the leading `-`.
    public let message: String

    public init(message: String) {
        self.message = message
    }

    /// The first word when it is in capitals, as in `NOSCRIPT`, `WRONGTYPE`, `OOM`, `READONLY`; else `ERR`.
    public var code: String {
        let word = self.message.prefix { $0 != " " }
        return !word.isEmpty && word.allSatisfy { $0.isUppercase } ? String(word) : "ERR"
    }

    public var description: String { self.message }
}
