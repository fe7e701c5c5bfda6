/// Why the schema was not brought up to date. Nothing of the migration concerned was kept.
public enum MigrationError: Error, Sendable, Hashable {
    /// A file is not named `NNNN_name.sql`.
    case badName(String)
    /// Two files have one number.
    case double(version: Int)
    /// A file differs from what was applied under its number.
    case changed(version: Int, name: String)
    /// The database is ahead of this program.
    case unknown(version: Int, name: String)
    /// Another process held the migration lock too long.
    case locked(waited: Duration)
    /// A file ends or starts transactions itself, so it cannot be kept whole.
    case endsTransaction(version: Int, name: String)
    /// The server refused a statement.
    case failed(version: Int, name: String, PostgresError)
}

extension MigrationError: CustomStringConvertible {
    /// What is wrong with which file, and how to mend it.
    public var description: String {
        switch self {
        case .badName(let name): "migration file `\(name)`: expected a name like 0001_records.sql"
        case .double(let version):
            "two migration files have the number \(version): give one of them a number of its own"
        case .changed(let version, let name):
            "migration \(version) (\(name)) was changed after it had been applied: put the file back as it was, "
                + "and make the change in a new file"
        case .unknown(let version, let name):
            "the database has migration \(version) (\(name)), which this program does not know: "
                + "run the newer program; migrations only go forward"
        case .locked(let waited):
            "another process has held the migration lock for \(waited): wait for it, or end it (pg_locks shows it)"
        case .endsTransaction(let version, let name):
            "migration \(version) (\(name)) ends its transaction: remove BEGIN, COMMIT and ROLLBACK from the file"
        case .failed(let version, let name, let error): "migration \(version) (\(name)) failed: \(error)"
        }
    }
}
