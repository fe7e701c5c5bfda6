import ArgumentParser

/// The executable.
public enum JobServiceProcess {
    /// Reads the command line and serves until SIGTERM or SIGINT.
    public static func main() async { await JobServiceCommand.main() }
}
