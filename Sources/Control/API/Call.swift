import Domain
import PostgresClient
import Records
import Synchronization

/// One call of an operation: everything about it is checked already.
struct Call: Sendable {
    let operation: Operation
    let stores: AdminStores
    let caller: Caller
    let path: [String: String]
    let query: [String: JSON]
    /// What the operation's schema allows; an empty object without a body.
    let body: JSON
    let ifMatch: String?
    /// A transaction for changes, the pool for reads.
    let database: any RecordsDatabase
    /// The org of the path.
    let org: Org?
    let changes: ChangeList

    // MARK: Parameters

    /// A parameter of the path.
    func parameter(_ name: String) throws -> String {
        guard let value = self.path[name] else { throw AdminProblem(.internalError) }
        return value
    }

    /// The org of the path, which exists and which the caller may see.
    func pathOrg() throws -> Org {
        guard let org = self.org else { throw AdminProblem(.resourceNotFound) }
        return org
    }

    /// A text of the body that the schema requires.
    func text(_ name: String) throws -> String {
        guard let text = self.body[name]?.text else { throw AdminProblem(.internalError) }
        return text
    }

    /// A number of the body that the schema requires.
    func integer(_ name: String) throws -> Int {
        guard let integer = self.body[name]?.integer else { throw AdminProblem(.internalError) }
        return Int(integer)
    }

    // MARK: Pages

    /// How many records a page has.
    var limit: Int { Int(self.query["limit"]?.integer ?? 20) }
    /// Where the page begins: after this; empty for the first page.
    var after: String { self.query["cursor"]?.text ?? "" }
    /// As above, of numbered lists that run downwards.
    var before: Int64 { self.query["cursor"]?.text.flatMap { Int64($0) } ?? .max }

    /// The page's answer.
    ///
    /// - Parameter items: one more than ``limit``, if there are so many.
    func page<Item>(_ items: [Item], cursor: (Item) -> String, _ json: (Item) -> JSON) -> Reply {
        let shown = items.prefix(self.limit)
        let next = items.count > self.limit ? shown.last.map(cursor) : nil
        return .record(["data": .array(shown.map(json)), "next_cursor": .text(next)])
    }

    // MARK: Changes

    /// Compares `If-Match` with the record as it is, and then what the body says of read-only members.
    ///
    /// - Parameter current: what the `ETag` is made of; null where there is no record yet.
    /// - Throws: 412, 422.
    func expect(_ current: JSON) throws {
        try self.expectVersion(current)
        try self.expectReadOnly(current)
    }

    /// Compares read-only members of the body with the record: what was read may be sent back, a change of it is a
    /// mistake that nobody would notice otherwise.
    ///
    /// - Parameter record: members that it does not have are not compared.
    /// - Throws: 422.
    func expectReadOnly(_ record: JSON) throws {
        guard case .object(let shape) = self.operation.body else { return }
        let errors: [FieldError] = shape.fields.compactMap { field in
            guard field.writing == .asItIs, let given = self.body[field.name], let value = record[field.name],
                !field.schema.isSame(given, value)
            else { return nil }
            return FieldError(
                place: .pointer("/\(field.name)"), detail: "is read-only here; its value is \(value.encoded)")
        }
        guard errors.isEmpty else { throw AdminProblem(.validationFailed, errors: errors) }
    }

    private func expectVersion(_ current: JSON) throws {
        guard let ifMatch = self.ifMatch else { return }
        // Any version, but one there must be (RFC 9110 §13.1.1).
        guard ifMatch != "*" else {
            if current == .null { throw AdminProblem(.preconditionFailed) }
            return
        }
        let tag = EntityTag.of(current)
        let given = ifMatch.split(separator: ",").map { $0.drop { $0 == " " } }
        guard given.contains(where: { $0 == tag }) else { throw AdminProblem(.preconditionFailed) }
    }

    /// Notes a change for the audit log; it is entered at the end of the transaction.
    func audit(_ action: String, _ target: String, org orgID: String?, before: JSON? = nil, after: JSON? = nil) {
        self.changes.add(action, target, org: orgID, before: before, after: after)
    }
}

/// What one call changed.
final class ChangeList: Sendable {
    struct Change: Sendable {
        let action: String
        let target: String
        let orgID: String?
        let before: JSON?
        let after: JSON?
    }

    private let changes = Mutex<[Change]>([])

    func add(_ action: String, _ target: String, org orgID: String?, before: JSON?, after: JSON?) {
        self.changes.withLock {
            $0.append(Change(action: action, target: target, orgID: orgID, before: before, after: after))
        }
    }

    var all: [Change] { self.changes.withLock { $0 } }
}
