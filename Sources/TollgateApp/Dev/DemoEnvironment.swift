import Glibc

/// `.data/demo.env`: how to use what `tollgate dev` runs, for shells (`. .data/demo.env`) and for our own commands.
/// It is the only place where the demo's keys are kept, so it is for its owner's eyes.
struct DemoEnvironment: Sendable, Equatable {
    var url = ""
    var adminURL = ""
    var key = ""
    var keyID = ""
    var testKey = ""
    var freeKey = ""
    var adminToken = ""
    var redis = ""
    var databaseURL = ""
    /// nil once it has stopped.
    var pid: Int32?

    private static var fields: [(name: String, path: WritableKeyPath<DemoEnvironment, String>)] {
        [
            ("TOLLGATE_URL", \.url), ("TOLLGATE_ADMIN_URL", \.adminURL), ("TOLLGATE_KEY", \.key),
            ("TOLLGATE_KEY_ID", \.keyID), ("TOLLGATE_TEST_KEY", \.testKey), ("TOLLGATE_FREE_KEY", \.freeKey),
            ("TOLLGATE_ADMIN_TOKEN", \.adminToken), ("TOLLGATE_REDIS", \.redis),
            ("TOLLGATE_DATABASE_URL", \.databaseURL),
        ]
    }

    /// Reads the file; nil when there is none.
    static func read(_ path: String) -> DemoEnvironment? {
        FileText.read(path).map(Self.init(text:))
    }

    init() {}

    /// Reads what `text` writes. Unknown names are passed over.
    init(text: String) {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let value = Self.unquoted(parts[1])
            if parts[0] == "TOLLGATE_PID" { self.pid = Int32(value) }
            if let field = Self.fields.first(where: { $0.name == parts[0] }) { self[keyPath: field.path] = value }
        }
    }

    /// Lines of `NAME=value` in shell syntax.
    var text: String {
        var text = Self.fields.map { "\($0.name)=\(Self.quoted(self[keyPath: $0.path]))\n" }.joined()
        if let pid { text += "TOLLGATE_PID=\(pid)\n" }
        return text
    }

    /// - Throws: `CommandFailure`.
    func write(to path: String) throws { try FileText.write(self.text, to: path, mode: 0o600) }

    /// Whether the process that wrote it is alive.
    var isRunning: Bool {
        guard let pid else { return false }
        return kill(pid, 0) == 0 || errno == EPERM
    }

    /// Single quotes keep everything but themselves as it is.
    private static func quoted(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || "_-./:@%+,".utf8.contains(byte)
        }
        return isPlain ? value : "'" + value.replacing("'", with: "'\\''") + "'"
    }

    private static func unquoted(_ value: Substring) -> String {
        guard value.hasPrefix("'"), value.hasSuffix("'"), value.count >= 2 else { return String(value) }
        return value.dropFirst().dropLast().replacing("'\\''", with: "'").description
    }
}
