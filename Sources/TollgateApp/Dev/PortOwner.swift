import Glibc

/// Finds out who listens on a port, from /proc.
enum PortOwner {
    /// `nginx (PID 123)`; nil when nobody does, or it is not ours to see.
    static func find(port: Int) -> String? {
        let inodes = Self.inodes(listeningOn: port)
        guard !inodes.isEmpty else { return nil }
        for pid in FileText.entries(of: "/proc").compactMap(Int32.init) where Self.holds(pid, anyOf: inodes) {
            let name = (FileText.read("/proc/\(pid)/comm") ?? "").filter { !$0.isNewline }
            return "\(name) (PID \(pid))"
        }
        return nil
    }

    /// Inodes of the sockets in state LISTEN (0A) with this local port.
    private static func inodes(listeningOn port: Int) -> Set<String> {
        let hex = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
        var inodes: Set<String> = []
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            for line in (FileText.read(table) ?? "").split(separator: "\n").dropFirst() {
                let columns = line.split(separator: " ")
                guard columns.count > 9, columns[1].hasSuffix(suffix), columns[3] == "0A" else { continue }
                inodes.insert(String(columns[9]))
            }
        }
        return inodes
    }

    private static func holds(_ pid: Int32, anyOf inodes: Set<String>) -> Bool {
        let folder = "/proc/\(pid)/fd"
        return FileText.entries(of: folder).contains { name in
            var buffer = [CChar](repeating: 0, count: 64)
            let count = readlink("\(folder)/\(name)", &buffer, buffer.count)
            guard count > 0 else { return false }
            let target = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return target.hasPrefix("socket:[") && inodes.contains(String(target.dropFirst(8).dropLast()))
        }
    }
}
