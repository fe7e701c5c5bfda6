import Glibc

/// Reads one HTTP/1.1 response after another from the bytes of a connection. Bodies by length, in chunks, or until the
/// end of the connection.
public struct ResponseReader: Sendable {
    /// What a response was, when it is complete.
    public struct Response: Sendable, Equatable {
        public var status = 0
        public var isReplay = false
        public var keepsAlive = true
        public var bodyBytes = 0
        /// FNV-1a of the body.
        public var bodyHash: UInt64 = 0xcbf2_9ce4_8422_2325
        /// Blank lines that ended an event, in an event stream.
        public var events = 0
    }

    public enum Failure: Error, Equatable { case notHTTP, badLength, badChunk, headTooLarge }

    public enum Progress: Equatable {
        /// So many bytes were consumed; more are needed.
        case more(Int)
        /// So many bytes were consumed, and the response is complete.
        case complete(Int, Response)
    }

    private enum Phase: Equatable {
        case head
        case body(left: Int)
        case untilEnd
        case chunkSize
        case chunk(left: Int)
        case chunkEnd
        case trailer
    }

    private var phase = Phase.head
    private var response = Response()
    private var endedLine = false
    /// Whether the request was HEAD, whose answer has no body.
    public var isHead = false
    private static let headLimit = 65536

    public init() {}

    /// Whether the end of the connection would complete the response.
    public var endsWithConnection: Bool { phase == .untilEnd }

    /// Whether nothing of a response has arrived.
    public var isFresh: Bool { phase == .head }

    /// What has been read so far, for a response that the connection's end completes.
    public mutating func finish() -> Response {
        let done = response
        self = ResponseReader()
        return done
    }

    /// Consumes what it can of `bytes`. Call again with what it did not consume and what came after.
    public mutating func read(_ bytes: UnsafeRawBufferPointer) throws(Failure) -> Progress {
        var at = 0
        while true {
            switch phase {
            case .head:
                guard let end = Self.headEnd(bytes, from: at) else {
                    if bytes.count - at > Self.headLimit { throw .headTooLarge }
                    return .more(at)
                }
                try readHead(UnsafeRawBufferPointer(rebasing: bytes[at..<end]))
                at = end
                if response.status < 200 { (response, phase) = (Response(), .head) }
            case .body(let left):
                let taken = take(bytes, from: at, upTo: left)
                at += taken
                guard taken == left else {
                    phase = .body(left: left - taken)
                    return .more(at)
                }
                return .complete(at, finish())
            case .untilEnd:
                return .more(at + take(bytes, from: at, upTo: .max))
            case .chunkSize:
                guard let line = Self.lineEnd(bytes, from: at) else { return .more(at) }
                let size = try Self.hex(bytes, at, line)
                at = line + 1
                phase = size == 0 ? .trailer : .chunk(left: size)
            case .chunk(let left):
                let taken = take(bytes, from: at, upTo: left)
                at += taken
                guard taken == left else {
                    phase = .chunk(left: left - taken)
                    return .more(at)
                }
                phase = .chunkEnd
            case .chunkEnd:
                guard bytes.count - at >= 2 else { return .more(at) }
                guard bytes[at] == 13, bytes[at + 1] == 10 else { throw .badChunk }
                at += 2
                phase = .chunkSize
            case .trailer:
                guard let line = Self.lineEnd(bytes, from: at) else { return .more(at) }
                let isEmpty = line - at <= 1
                at = line + 1
                if isEmpty { return .complete(at, finish()) }
            }
        }
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer, from start: Int, upTo limit: Int) -> Int {
        let count = min(limit, bytes.count - start)
        var hash = response.bodyHash
        for byte in bytes[start..<start + count] {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            if byte == 10 {
                if endedLine { response.events += 1 }
                endedLine = !endedLine
            } else if byte != 13 {
                endedLine = false
            }
        }
        response.bodyHash = hash
        response.bodyBytes += count
        return count
    }

    private mutating func readHead(_ head: UnsafeRawBufferPointer) throws(Failure) {
        // HTTP/1.x SSS
        guard head.count > 12, head[0] == 72, head[5] == 49, head[8] == 32 else { throw .notHTTP }
        var status = 0
        for byte in head[9..<12] {
            guard byte >= 48, byte <= 57 else { throw .notHTTP }
            status = status * 10 + Int(byte - 48)
        }
        response.status = status
        response.keepsAlive = head[7] == 49
        var length: Int?
        var isChunked = false
        var at = (Self.lineEnd(head, from: 0) ?? head.count - 1) + 1
        while at < head.count, let end = Self.lineEnd(head, from: at) {
            let stop = end > at && head[end - 1] == 13 ? end - 1 : end
            let field = UnsafeRawBufferPointer(rebasing: head[at..<stop])
            at = end + 1
            // The length of the name with its colon rules most fields out before any comparison.
            if let value = Self.value(of: "content-length:", in: field) {
                guard let found = Self.decimal(value) else { throw .badLength }
                length = found
            } else if let value = Self.value(of: "transfer-encoding:", in: field) {
                isChunked = Self.ends(value, with: "chunked")
            } else if let value = Self.value(of: "connection:", in: field) {
                if Self.ends(value, with: "close") { response.keepsAlive = false }
            } else if Self.value(of: "idempotent-replayed:", in: field) != nil {
                response.isReplay = true
            }
        }
        endedLine = false
        if isHead || status == 204 || status == 304 || status < 200 {
            phase = .body(left: 0)
        } else if isChunked {
            phase = .chunkSize
        } else if let length {
            phase = .body(left: length)
        } else {
            response.keepsAlive = false
            phase = .untilEnd
        }
    }

    private static func headEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var at = start
        while let line = lineEnd(bytes, from: at) {
            if line == at || (line == at + 1 && bytes[at] == 13) { return line + 1 }
            at = line + 1
        }
        return nil
    }

    private static func lineEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + start, 10, bytes.count - start)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// The value of a field whose name and colon are `name`, lower case.
    private static func value(of name: StaticString, in field: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let count = name.utf8CodeUnitCount
        guard field.count >= count, field[count - 1] == 58, let base = field.baseAddress,
            isSame(base.assumingMemoryBound(to: CChar.self), name.utf8Start, count)
        else { return nil }
        var start = count
        var end = field.count
        while start < end, field[start] == 32 || field[start] == 9 { start += 1 }
        while end > start, field[end - 1] == 32 || field[end - 1] == 9 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: field[start..<end])
    }

    private static func isSame(
        _ text: UnsafePointer<CChar>, _ name: UnsafePointer<UInt8>, _ count: Int
    ) -> Bool {
        for at in 0..<count {
            let byte = UInt8(bitPattern: text[at])
            let lower = byte >= 65 && byte <= 90 ? byte | 32 : byte
            if lower != name[at] { return false }
        }
        return true
    }

    private static func ends(_ value: UnsafeRawBufferPointer, with word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard value.count >= count, let base = value.baseAddress else { return false }
        return isSame(
            (base + value.count - count).assumingMemoryBound(to: CChar.self), word.utf8Start, count)
    }

    private static func decimal(_ value: UnsafeRawBufferPointer) -> Int? {
        guard !value.isEmpty, value.count < 18 else { return nil }
        var number = 0
        for byte in value {
            guard byte >= 48, byte <= 57 else { return nil }
            number = number * 10 + Int(byte - 48)
        }
        return number
    }

    private static func hex(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) throws(Failure) -> Int {
        var number = 0
        var digits = 0
        for byte in bytes[start..<end] {
            let digit: UInt8
            switch byte {
            case 48...57: digit = byte - 48
            case 65...70: digit = byte - 55
            case 97...102: digit = byte - 87
            case 13, 59, 32:
                if digits == 0 { throw .badChunk }
                return number
            default: throw .badChunk
            }
            digits += 1
            guard digits < 15 else { throw .badChunk }
            number = number * 16 + Int(digit)
        }
        if digits == 0 { throw .badChunk }
        return number
    }
}
