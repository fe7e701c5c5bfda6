/// One numbered step of the schema: `0001_name.sql`.
public struct Migration: Sendable, Hashable {
    /// The number in front of the file's name, from 1.
    public let version: Int
    /// The rest of the name, without `.sql`.
    public let name: String
    /// The statements; they run in one transaction.
    public let sql: String

    /// Reads number and name out of a file name such as `0001_records.sql`.
    /// - Throws: ``MigrationError`` `badName`.
    public init(fileName: String, sql: String) throws(MigrationError) {
        let parts = fileName.split(separator: "_", maxSplits: 1)
        guard parts.count == 2, parts[0].count == 4, let version = Int(parts[0]), version > 0,
            parts[1].hasSuffix(".sql"), parts[1].count > 4
        else { throw .badName(fileName) }
        self.version = version
        self.name = String(parts[1].dropLast(4))
        self.sql = sql
    }
}
