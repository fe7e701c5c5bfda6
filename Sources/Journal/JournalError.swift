/// Why a journal cannot be made or read.
public struct JournalError: Error, Equatable, Sendable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public var description: String { "journal \(self.path): \(self.reason)" }

    init(_ path: String, _ reason: String) {
        self.path = path
        self.reason = reason
    }
}
