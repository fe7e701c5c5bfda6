import Testing

/// Waits until a condition holds; fails the test if it does not within a generous time.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("\(what): not within \(limit)")
    throw NeverHappened(what: what)
}

struct NeverHappened: Error { let what: String }
