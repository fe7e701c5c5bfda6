import Foundation

/// The gateway's address.
struct Target: Sendable {
    let host: String
    let port: Int
    /// As in the Host field.
    let authority: String
    /// What goes before every path.
    let prefix: String

    init(_ text: String) throws {
        guard let parts = URLComponents(string: text), parts.scheme == "http", let host = parts.host, !host.isEmpty
        else {
            throw Unusable("--url: expected one like http://127.0.0.1:8080 (TLS is not spoken here), found '\(text)'")
        }
        self.host = host
        port = parts.port ?? 80
        authority = port == 80 ? host : "\(host):\(port)"
        prefix = parts.path.hasSuffix("/") ? String(parts.path.dropLast()) : parts.path
    }
}
