/// Where the service listens: `127.0.0.1:9090`, `[::1]:9090` or `unix:/path/to/socket`. Port 0 takes a free one.
public enum ListenAddress: Sendable, Hashable {
    case tcp(host: String, port: Int)
    case unix(path: String)

    /// Nil for anything else.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst("unix:".count)
            guard path.hasPrefix("/") else { return nil }
            self = .unix(path: String(path))
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self = .tcp(host: String(host), port: Int(port))
    }
}
