/// Rows of one table, to be put in as they are: every column that has no default of its own is named.
public struct SeedTable: Sendable, Hashable {
    /// The table.
    public var name: String
    /// Its columns, each a member of every row.
    public var columns: [String]
    /// A JSON array of objects.
    public var rows: String

    /// Rows of a table.
    public init(name: String, columns: [String], rows: String) {
        self.name = name
        self.columns = columns
        self.rows = rows
    }
}
