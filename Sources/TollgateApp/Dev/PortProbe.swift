import Domain
import Glibc

/// Whether ports can be had, and who has those that cannot.
enum PortProbe {
    /// Makes sure that nothing listens on `address`.
    ///
    /// - Parameter option: what to change it with, for the message.
    /// - Throws: `CommandFailure` that names the port, the process that has it where that can be seen, and the option.
    static func expectFree(_ address: ListenAddress, purpose: String, option: String) throws {
        guard address.port != 0, let problem = Self.bindProblem(address) else { return }
        guard problem == EADDRINUSE else {
            throw CommandFailure(
                "Cannot listen on \(address) for \(purpose): \(String(cString: strerror(problem))).",
                hint: "Choose another port with \(option).")
        }
        let owner = PortOwner.find(port: address.port).map { " by \($0)" } ?? ""
        throw CommandFailure(
            "Port \(address.port), needed for \(purpose), is taken\(owner).",
            hint: "Stop that, or choose another port with \(option).")
    }

    /// A port of this machine's loopback address that was free just now.
    static func free() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = Self.inet("127.0.0.1", port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard descriptor >= 0, isBound else { throw CommandFailure("This machine gives out no free port.") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Binding without SO_REUSEPORT fails while anybody listens, also with it. nil when it can be bound.
    private static func bindProblem(_ address: ListenAddress) -> Int32? {
        // Only IPv4 is looked at before; for the rest the bind itself will tell.
        guard !address.host.contains(":") else { return nil }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let host = address.host == "localhost" ? "127.0.0.1" : address.host
        var inet = Self.inet(host, port: address.port)
        let result = withUnsafePointer(to: &inet) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                    && listen(descriptor, 1) == 0
            }
        }
        return result ? nil : errno
    }

    private static func inet(_ host: String, port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        if inet_pton(AF_INET, host, &address.sin_addr) != 1 { address.sin_addr.s_addr = 0 }
        return address
    }
}
