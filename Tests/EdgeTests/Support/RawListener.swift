import Glibc

struct SocketError: Error, CustomStringConvertible {
    let errno: CInt

    var description: String { String(cString: strerror(self.errno)) }
}

/// An upstream that the test plays itself: it accepts connections one by one and says what it likes on them.
final class RawListener {
    private let descriptor: CInt
    let port: Int

    /// - Parameters:
    ///   - backlog: nil takes a port and does not listen there: connecting to it is refused, and nobody else gets it.
    ///   - receiveBuffer: bytes that the kernel may hold for a peer that does not read; nil leaves it alone.
    init(backlog: CInt? = 1024, receiveBuffer: Int? = nil) throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard self.descriptor >= 0 else { throw SocketError(errno: errno) }
        if var size = receiveBuffer.map({ CInt($0) }) {
            // Connections that are accepted inherit it.
            setsockopt(self.descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        var address = Self.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer -> CInt in
                guard bind(descriptor, pointer, length) == 0 else { return -1 }
                if let backlog, listen(descriptor, backlog) != 0 { return -1 }
                return getsockname(descriptor, pointer, &length)
            }
        }
        guard result == 0 else { throw SocketError(errno: errno) }
        self.port = Int(UInt16(bigEndian: address.sin_port))
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(self.descriptor) }

    /// The gateway's next connection.
    func accept() throws -> RawClient {
        let connection = Glibc.accept(self.descriptor, nil, nil)
        guard connection >= 0 else { throw SocketError(errno: errno) }
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        return RawClient(descriptor: connection)
    }

    /// The gateway's next connection, after its request's head has been read.
    func acceptRequest() throws -> (peer: RawClient, head: String) {
        let peer = try self.accept()
        guard let head = peer.read(through: "\r\n\r\n") else { throw SocketError(errno: ECONNRESET) }
        return (peer, head)
    }

    /// Whether the gateway has connected and was not accepted yet.
    var hasConnection: Bool {
        var poll = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, 0) > 0
    }

    static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }
}
