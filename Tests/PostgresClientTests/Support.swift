import PostgresClient
import Synchronization
import TestKit

/// A pool on a fresh database of the shared server.
func freshPool(
    connectionsMax: Int = 4, _ change: (inout PostgresConfiguration) -> Void = { _ in }
) async throws -> PostgresPool {
    let database = try await TestPostgres.shared().createDatabase()
    var configuration = try database.configuration
    configuration.connectionsMax = connectionsMax
    change(&configuration)
    return PostgresPool(configuration)
}

/// Waits until `condition` holds; false if it does not within 30 seconds.
func becomesTrue(_ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}

/// The PostgresError that `body` throws.
func postgresError<Value>(_ body: () async throws -> Value) async -> PostgresError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? PostgresError
    }
}

/// A number that tasks count up together.
final class Count: Sendable {
    private let number = Atomic<Int>(0)

    var value: Int { self.number.load(ordering: .relaxed) }

    @discardableResult
    func increment() -> Int { self.number.add(1, ordering: .relaxed).newValue }
}
