import Glibc

/// A client that speaks bytes: what it sends is what the test wrote, and nothing is tidied up.
final class RawClient {
    private let descriptor: CInt
    private var received: [UInt8] = []

    /// Whether the peer has closed its side, or the connection was reset.
    private(set) var hasEnded = false
    /// Whether it was a reset.
    private(set) var wasReset = false

    /// - Parameter receiveBuffer: bytes that the kernel may hold for a client that does not read; nil leaves it alone.
    init(port: Int, receiveBuffer: Int? = nil) throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard self.descriptor >= 0 else { throw SocketError(errno: errno) }
        if let receiveBuffer { self.set(SO_RCVBUF, CInt(receiveBuffer)) }
        self.prepare()
        var address = RawListener.loopback(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SocketError(errno: errno) }
    }

    /// The other end of a connection that was accepted.
    init(descriptor: CInt) {
        self.descriptor = descriptor
        self.prepare()
    }

    /// A connection that has been asked for and may never be made: fills a listener's queue.
    static func opening(port: Int) throws -> RawClient {
        let descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError(errno: errno) }
        var address = RawListener.loopback(port: port)
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return RawClient(descriptor: descriptor)
    }

    private func prepare() {
        // Patience that only turns a hang into a failure.
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(self.descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var one: CInt = 1
        setsockopt(self.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
    }

    private func set(_ option: CInt, _ value: CInt) {
        var value = value
        setsockopt(self.descriptor, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit { close() }

    private var isClosed = false

    func close() {
        guard !self.isClosed else { return }
        self.isClosed = true
        Glibc.close(self.descriptor)
    }

    func send(_ text: String) { self.send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Ends the sending side of the gateway's socket behind its back: it finds out when it writes. In this process only.
    func breakOtherEnd() -> Bool {
        let own = Self.name(of: self.descriptor, getsockname)
        for descriptor in CInt(3)..<65_536 where Self.name(of: descriptor, getpeername) == own {
            if descriptor != self.descriptor { return shutdown(descriptor, Int32(SHUT_WR)) == 0 }
        }
        return false
    }

    private static func name(
        of descriptor: CInt, _ ask: (CInt, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
    ) -> UInt64? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask(descriptor, $0, &length) }
        }
        guard result == 0, address.sin_family == sa_family_t(AF_INET) else { return nil }
        return UInt64(address.sin_addr.s_addr) << 16 | UInt64(address.sin_port)
    }

    /// Ends the sending side only.
    func finishSending() { shutdown(self.descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset instead of a FIN.
    func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        self.close()
    }

    /// Sends as much of `bytes` as the kernel takes at once; 0 when it takes nothing.
    func trySend(_ bytes: [UInt8]) -> Int {
        let count = Glibc.send(self.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        return max(0, count)
    }

    /// Reads and forgets what is there; 0 when nothing is.
    func tryDiscard() -> Int {
        var chunk = [UInt8](repeating: 0, count: 262_144)
        let count = recv(self.descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
        if count == 0 { self.hasEnded = true }
        return max(0, count)
    }

    /// Forgets what has been read and not used yet; returns how much it was.
    func takeReceived() -> Int {
        defer { self.received = [] }
        return self.received.count
    }

    /// Waits until there is something to read (or the end), or the time is over.
    func isReadable(withinMs: Int32) -> Bool {
        guard self.received.isEmpty else { return true }
        var poll = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, withinMs) > 0
    }

    /// Waits for the peer's end; true if nothing came before it.
    func endsSilently() -> Bool { self.readToEnd().isEmpty && self.hasEnded }

    /// Reads once; false at the end of the stream or after half a minute of silence.
    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(self.descriptor, &chunk, chunk.count, 0)
        guard count > 0 else {
            self.wasReset = count < 0 && errno == ECONNRESET
            if count == 0 || self.wasReset { self.hasEnded = true }
            return false
        }
        self.received.append(contentsOf: chunk[..<count])
        return true
    }

    /// Everything until the peer closes.
    func readToEnd() -> String {
        while self.fill() {}
        defer { self.received = [] }
        return String(decoding: self.received, as: UTF8.self)
    }

    /// Exactly `count` bytes, fewer at the end of the stream.
    func read(_ count: Int) -> [UInt8] {
        while self.received.count < count, self.fill() {}
        let taken = Array(self.received.prefix(count))
        self.received.removeFirst(taken.count)
        return taken
    }

    /// Bytes up to and including `mark`; nil if the stream ends before it.
    func read(through mark: String) -> String? {
        let mark = Array(mark.utf8)
        var searched = 0
        while true {
            if self.received.count >= mark.count, searched <= self.received.count - mark.count {
                for start in searched...(self.received.count - mark.count)
                where self.received[start] == mark[0] && Array(self.received[start..<(start + mark.count)]) == mark {
                    let taken = self.received[..<(start + mark.count)]
                    self.received.removeFirst(taken.count)
                    return String(decoding: taken, as: UTF8.self)
                }
                searched = max(0, self.received.count - mark.count + 1)
            }
            guard self.fill() else { return nil }
        }
    }

    /// One whole response; nil if the stream ends before its head does.
    func response(head: Bool = false) -> RawResponse? {
        guard let text = self.read(through: "\r\n\r\n"), var response = RawResponse(head: text) else { return nil }
        guard !head, response.status >= 200, response.status != 204, response.status != 304 else { return response }
        if response["transfer-encoding"] == "chunked" {
            response.isComplete = false
            while let line = self.read(through: "\r\n") {
                guard let size = Int(String(decoding: line.utf8.dropLast(2), as: UTF8.self), radix: 16) else {
                    return response
                }
                if size == 0 {
                    while let line = self.read(through: "\r\n") {
                        response.isComplete = line.utf8.count == 2
                        if response.isComplete { break }
                        response.trailers.append(String(decoding: line.utf8.dropLast(2), as: UTF8.self))
                    }
                    break
                }
                response.body += self.read(size)
                _ = self.read(2)
            }
        } else if let length = response["content-length"].flatMap({ Int($0) }) {
            response.body = self.read(length)
            response.isComplete = response.body.count == length
        } else {
            while self.fill() {}
            response.body = self.received
            self.received = []
        }
        return response
    }

    /// Sends a request and reads its response.
    func exchange(_ request: String, head: Bool = false) -> RawResponse? {
        self.send(request)
        return self.response(head: head)
    }
}
