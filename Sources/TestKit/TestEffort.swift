import Glibc

/// How thorough this run is: `TOLLGATE_FULL=1` asks for the larger case counts.
public enum TestEffort {
    public static let isFull = getenv("TOLLGATE_FULL").map { String(cString: $0) == "1" } ?? false

    /// `modest` cases in an ordinary run, `full` in a thorough one.
    public static func cases(_ modest: Int, full: Int) -> Int {
        self.isFull ? full : modest
    }
}
