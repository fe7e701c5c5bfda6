import Glibc
import NIOPosix

/// One request on one connection, read until the server closes it: as plain as HTTP gets, so that nothing of the client
/// is in the way of what is tested.
struct PlainHTTP: Sendable {
    struct Answer: Sendable {
        var status = 0
        /// Lower-case names; the last value where one is repeated.
        var fields: [String: String] = [:]
        var body = ""
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let port: Int

    /// Blocking sockets, on threads of their own.
    private static let threads: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 100)
        pool.start()
        return pool
    }()

    func send(
        _ method: String, _ path: String, _ fields: [String: String] = [:], body: String = ""
    ) async throws -> Answer {
        var request = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(self.port)\r\nConnection: close\r\n"
        for (name, value) in fields { request += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" { request += "Content-Length: \(body.utf8.count)\r\n" }
        let bytes = Array((request + "\r\n" + body).utf8)
        let port = self.port
        return try await Self.threads.runIfActive { try Self.exchange(bytes, port: port) }
    }

    private static func exchange(_ request: [UInt8], port: Int) throws -> Answer {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(description: "no socket") }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(description: "cannot connect: \(String(cString: strerror(errno)))") }
        guard Glibc.send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw Failure(description: "cannot send: \(String(cString: strerror(errno)))")
        }
        var reply: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count == 0 { break }
            guard count > 0 else { throw Failure(description: "cannot read: \(String(cString: strerror(errno)))") }
            reply += chunk[..<count]
        }
        return try Self.parse(String(decoding: reply, as: UTF8.self))
    }

    private static func parse(_ text: String) throws -> Answer {
        guard let end = text.firstRange(of: "\r\n\r\n") else { throw Failure(description: "no head in: \(text)") }
        // "\r\n" is one Character, so that lines are split by it.
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, let status = Int(words[1]) else { throw Failure(description: "no status in: \(text)") }
        var answer = Answer(status: status)
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            answer.fields[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        answer.body = String(text[end.upperBound...])
        return answer
    }
}
