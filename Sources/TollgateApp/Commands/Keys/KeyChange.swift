import Domain
import Records
import Workers

/// Changing a key from the command line: the change is committed, then published, and only then the command returns, so
/// that the very next request at every edge meets it.
enum KeyChange {
    /// The key with this id, whatever its org.
    ///
    /// - Throws: `CommandFailure` when there is none.
    static func find(_ id: String, _ stores: Stores) async throws -> APIKey {
        guard let record = try await EdgeRecords(stores.pool).find(keyID: id),
            let key = try await APIKeys(stores.pool).find(id, of: record.org.orgID)
        else {
            throw CommandFailure(
                "There is no key `\(id)`.", hint: "See: tollgate keys list --org ORG", status: .notFound)
        }
        return key
    }

    /// Publishes keys as the records have them now, and their org's version after them.
    ///
    /// - Throws: `CommandFailure`: the change is recorded all the same, and a worker will publish it.
    static func publish(_ ids: [String], _ stores: Stores) async throws {
        do {
            try await stores.publisher.publish(keyIDs: ids)
        } catch {
            throw CommandFailure(
                "The change is recorded, but Redis was not told yet: \(error)",
                hint: "A running `tollgate serve` tells it as soon as Redis is back.", status: .unreachable)
        }
    }
}
