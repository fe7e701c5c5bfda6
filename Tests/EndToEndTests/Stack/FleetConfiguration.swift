@testable import TollgateApp

/// The demo's configuration with routes of the test's own.
enum FleetConfiguration {
    /// Writes it to `path`. `routes` are entries of the list `routes`, indented by two spaces.
    static func write(to path: String, routes: String = "") throws {
        guard let demo = FileText.read(DevStack.demoConfiguration), demo.contains("redis:\n") else {
            throw CommandFailure("there is no \(DevStack.demoConfiguration), or no section redis in it")
        }
        let patient = Self.withPatience(demo)
        // The routes come last in the demo's file.
        let folder = path.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        let journal = "\njournal:\n  folder: \(folder)/journal\n"
        try FileText.write(patient + "\n" + routes + journal, to: path, mode: 0o644)
    }

    /// A test machine that starts a dozen servers at once keeps Redis waiting longer than a gateway should.
    private static func withPatience(_ demo: String) -> String {
        var section = ""
        var lines: [String] = []
        for line in demo.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if !line.hasPrefix(" "), line.hasSuffix(":") { section = line }
            if section == "redis:", line.hasPrefix("  deadline:") { continue }
            lines.append(line)
            if line == "redis:" { lines.append("  deadline: 20s") }
        }
        return lines.joined(separator: "\n")
    }

    /// A readable route with one bucket that practically does not refill.
    static func bucket(_ name: String, capacity: Int) -> String {
        """
          - id: \(name)
            methods: [GET]
            path: /v1/\(name)
            upstream: jobs
            strip_prefix: /v1/\(name)
            add_prefix: /v1/echo
            limits:
              - { name: \(name), scope: org, capacity: \(capacity), refill: 1 per 3600s }

        """
    }
}
