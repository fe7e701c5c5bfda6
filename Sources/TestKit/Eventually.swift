/// A condition did not come true in time.
public struct ConditionNotMet: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) {
        self.description = description
    }
}

/// Waits until `condition` holds, looking every few milliseconds; throws ``ConditionNotMet`` after `deadline`.
///
/// A test waits for what it wants to see, never for a time: the deadline only turns a hang into a message.
public func eventually(
    _ what: String = "the condition", deadline: Duration = .seconds(60), file: StaticString = #fileID,
    line: UInt = #line, _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now.advanced(by: deadline)
    while try await !condition() {
        guard clock.now < end else {
            throw ConditionNotMet(description: "\(what) did not come true within \(deadline) (\(file):\(line))")
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}
