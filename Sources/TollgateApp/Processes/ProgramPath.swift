import Glibc

/// Finding installed programs.
enum ProgramPath {
    /// The path of `name` in PATH, or in a folder that servers are installed to.
    ///
    /// - Throws: `CommandFailure` that names the Debian package.
    static func find(_ name: String, package: String) throws -> String {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = path.split(separator: ":").map(String.init)
        for folder in folders + ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/bin", "/sbin"] {
            let candidate = "\(folder)/\(name)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw CommandFailure("The program `\(name)` is missing.", hint: "Install it: apt-get install \(package)")
    }

    /// A program of the newest PostgreSQL installed; Debian keeps them out of PATH.
    static func postgres(_ name: String) throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = FileText.entries(of: root).compactMap(Int.init).sorted(by: >)
        for version in versions where access("\(root)/\(version)/bin/\(name)", X_OK) == 0 {
            return "\(root)/\(version)/bin/\(name)"
        }
        return try Self.find(name, package: "postgresql-15")
    }

    /// The folder that this program itself lies in.
    static var ownFolder: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return "." }
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" }
    }
}
