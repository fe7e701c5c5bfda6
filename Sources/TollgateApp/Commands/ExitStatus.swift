/// What scripts can tell from how a command ended.
enum ExitStatus: Int32, Sendable, CaseIterable {
    case success = 0
    /// Something went wrong; the message says what.
    case failure = 1
    /// The command line itself is wrong.
    case usage = 2
    /// PostgreSQL or Redis cannot be reached.
    case unreachable = 3
    /// The record named does not exist.
    case notFound = 4
    /// The configuration file is not valid.
    case configuration = 5
    /// The admin API does not know the token, or its role does not allow this.
    case denied = 6

    /// For `--help`.
    static let help = """
        Exit status: 0 done; 1 failed; 2 wrong usage; 3 PostgreSQL, Redis or the server cannot be reached; 4 no such \
        record; 5 configuration not valid; 6 the token does not allow it.
        """
}
