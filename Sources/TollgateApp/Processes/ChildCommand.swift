/// A program to start as a child of this process.
struct ChildCommand: Sendable {
    /// What people call it.
    var name: String
    /// Absolute path of the program.
    var program: String
    var arguments: [String]
    /// Added to a small environment of our own; nothing else of ours is passed on.
    var environment: [String: String] = [:]
    /// Where standard output and error are appended.
    var logPath: String
    /// Whom it runs as, when that is not the user of this process.
    var user: ProcessUser?
    /// What the kernel sends it when this process is gone without having stopped it.
    var deathSignal = "TERM"

    init(_ name: String, _ program: String, _ arguments: [String], logPath: String) {
        self.name = name
        self.program = program
        self.arguments = arguments
        self.logPath = logPath
    }

    /// The whole command line: `setpriv` (util-linux) changes the user and asks for the death signal, in this order,
    /// because a change of user takes the request back.
    func line(setpriv: String) -> [String] {
        var line = [setpriv, "--pdeathsig", self.deathSignal]
        if let user {
            line += ["--reuid", String(user.uid), "--regid", String(user.gid), "--clear-groups"]
        }
        return line + ["--", self.program] + self.arguments
    }
}
