import Domain
import PostgresClient
import Records

/// Demo data: the same seed and the same instant give the same rows, byte for byte.
struct SeedData: Sendable {
    /// A key that was made, known this once.
    struct Key: Sendable {
        let id: String
        let org: String
        let name: String
        let environment: Domain.Environment
        let text: String
        let isRevoked: Bool
    }

    /// In an order that references allow.
    private(set) var tables: [SeedTable] = []
    var keys: [Key] = []
    /// Rows by table, in order.
    private(set) var counts: [(table: String, rows: Int)] = []

    /// Adds rows whose members are all the same; the first tells the columns.
    mutating func add(_ table: String, _ rows: [[(String, JSONValue)]]) {
        guard let columns = rows.first?.map(\.0) else { return }
        let document = JSONValue.list(rows.map { .object($0) })
        self.tables.append(SeedTable(name: table, columns: columns, rows: document.text))
        self.counts.append((table, rows.count))
    }
}
