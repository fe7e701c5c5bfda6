import LoadModel
import Testing

struct ResponseReaderTests {
    /// Feeds `text` in pieces of `size` bytes, as a connection would.
    private func read(_ text: String, size: Int, isHead: Bool = false) throws -> [ResponseReader.Response] {
        var reader = ResponseReader()
        reader.isHead = isHead
        var kept: [UInt8] = []
        var found: [ResponseReader.Response] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            kept += rest.prefix(size)
            rest = rest.dropFirst(size)
            var isWaiting = false
            while !isWaiting, !kept.isEmpty {
                let progress = try kept.withUnsafeBytes { bytes in try reader.read(bytes) }
                switch progress {
                case .more(let consumed):
                    kept.removeFirst(consumed)
                    isWaiting = true
                case .complete(let consumed, let response):
                    kept.removeFirst(consumed)
                    found.append(response)
                }
            }
        }
        if reader.endsWithConnection { found.append(reader.finish()) }
        return found
    }

    @Test func `several answers, however they are cut`() throws {
        let text =
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nIdempotent-Replayed: true\r\n\r\nhello"
            + "HTTP/1.1 429 Too Many Requests\r\ncontent-length:0\r\n\r\n"
            + "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
            + "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n"
        let whole = try read(text, size: text.utf8.count)
        #expect(whole.map(\.status) == [200, 429, 204, 201])
        #expect(whole.map(\.bodyBytes) == [5, 0, 0, 11])
        #expect(whole.map(\.isReplay) == [true, false, false, false])
        #expect(whole.map(\.keepsAlive) == [true, true, false, true])
        for size in 1...20 { #expect(try read(text, size: size) == whole, "in pieces of \(size)") }
    }

    @Test func `the same body has the same hash, however it is framed`() throws {
        let sized = try read("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef", size: 7)
        let chunked = try read(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n4\r\ncdef\r\n0\r\n\r\n", size: 3)
        let other = try read("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdeg", size: 7)
        #expect(sized[0].bodyHash == chunked[0].bodyHash)
        #expect(sized[0].bodyHash != other[0].bodyHash)
    }

    @Test func `a body until the end of the connection`() throws {
        let found = try read("HTTP/1.0 200 OK\r\n\r\nall of it", size: 4)
        #expect(found.map(\.bodyBytes) == [9])
        #expect(found.map(\.keepsAlive) == [false])
    }

    @Test func `events are counted by their blank lines`() throws {
        let text = "event: a\ndata: 1\n\ndata: 2\r\n\r\n: comment\n\n"
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n"
        #expect(try read(head + text, size: 5).map(\.events) == [3])
    }

    @Test func `an answer to HEAD has no body`() throws {
        #expect(try read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", size: 9, isHead: true).map(\.bodyBytes) == [0])
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 20x OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ])
    func `what is no answer`(text: String) {
        #expect(throws: ResponseReader.Failure.self) { try read(text, size: 4096) }
    }
}
