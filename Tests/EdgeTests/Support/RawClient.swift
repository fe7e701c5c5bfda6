import Glibc

/// A client that speaks bytes: what it sends is what the test wrote, and nothing is tidied up.
final class RawClient {
    private let descriptor: CInt
    private var received: [UInt8] = []

    init(port: Int) throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var one: CInt = 1
        setsockopt(self.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<CInt>.size))
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SocketError(errno: errno) }
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
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Ends the sending side only.
    func finishSending() { shutdown(self.descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset instead of a FIN.
    func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        self.close()
    }

    /// Reads once; false at the end of the stream or after ten seconds of silence.
    private func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(self.descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
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
                guard let size = Int(String(decoding: line.utf8.dropLast(2), as: UTF8.self), radix: 16) else { return response }
                if size == 0 {
                    response.isComplete = self.read(through: "\r\n") != nil
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

struct SocketError: Error {
    let errno: CInt
}

/// A response taken apart.
struct RawResponse {
    let status: Int
    let fields: [(name: String, value: String)]
    var body: [UInt8] = []
    var isComplete = true

    init?(head: String) {
        // CR LF is one Character, so the end is cut off as bytes.
        let text = String(decoding: head.utf8.dropLast(4), as: UTF8.self)
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        guard let line = lines.popFirst(), let status = Int(line.dropFirst(9).prefix(3)) else { return nil }
        self.status = status
        self.fields = lines.compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return (String(line[..<colon]).lowercased(), String(value))
        }
    }

    subscript(name: String) -> String? { self.fields.first { $0.name == name }?.value }

    var text: String { String(decoding: self.body, as: UTF8.self) }
}
