import Glibc

/// Addresses and networks in requests, whose form is checked: see `TextRule.network`.
enum Network {
    /// As `canonical(_:)`, of a list.
    ///
    /// - Throws: 422; a text that is no network must not be left out, for no networks at all means anywhere.
    static func canonical(_ texts: [String], at pointer: String) throws -> [String] {
        try texts.enumerated().map { index, text in
            if let network = Self.canonical(text) { return network }
            let error = FieldError(place: .pointer("\(pointer)/\(index)"), detail: "expected an address or a network")
            throw AdminProblem(.validationFailed, errors: [error])
        }
    }

    /// The network as PostgreSQL's `cidr` takes it: the bits beyond its length are cleared, as most people expect who
    /// write the address of a host and the length of its network. One within `::ffff:0:0/96` is the IPv4 network that it
    /// stands for, which the edge knows clients by. nil for what is no network.
    static func canonical(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, var (bytes, family) = Self.address(String(parts[0])) else { return nil }
        let given = parts.count == 2 ? Int(parts[1]) : bytes.count * 8
        guard var length = given, parts.count == 1 || String(length) == parts[1],
            (0...bytes.count * 8).contains(length)
        else { return nil }
        if family == AF_INET6, length >= 96, bytes.starts(with: Self.mapped) {
            (bytes, family, length) = (Array(bytes[12...]), AF_INET, length - 96)
        }
        let masked = bytes.enumerated().map { index, byte in
            byte & UInt8(truncatingIfNeeded: 0xff00 >> min(8, max(0, length - index * 8)))
        }
        var written = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, masked, &written, socklen_t(written.count)) != nil else { return nil }
        let name = String(decoding: written.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return "\(name)/\(length)"
    }

    /// Before the IPv4 address of an IPv4-mapped one (RFC 4291 §2.5.5.2).
    private static let mapped: [UInt8] = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]

    private static func address(_ text: String) -> (bytes: [UInt8], family: Int32)? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return (Array(bytes[..<4]), AF_INET) }
        return inet_pton(AF_INET6, text, &bytes) == 1 ? (bytes, AF_INET6) : nil
    }
}
