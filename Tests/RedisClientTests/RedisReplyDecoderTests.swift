import TestKit
import Testing

@testable import RedisClient

@Suite struct RedisReplyDecoderTests {
    /// Feeds `text` in pieces of `piece` bytes and returns every reply.
    private func decode(_ bytes: [UInt8], piece: Int = .max, max: Int = 1 << 20) throws -> [RedisValue] {
        let decoder = RedisReplyDecoder(replyBytesMax: max)
        var values: [RedisValue] = []
        var offset = 0
        while offset < bytes.count {
            let end = min(bytes.count, offset + min(piece, bytes.count))
            bytes[offset..<end].withUnsafeBytes { decoder.feed($0) }
            offset = end
            while true {
                let outcome = decoder.next()
                if outcome == .needsMoreBytes { break }
                guard outcome == .reply else { throw DecodingFailed(reason: "\(outcome)") }
                values.append(decoder.withReply { $0.value() })
            }
        }
        return values
    }

    private struct DecodingFailed: Error { let reason: String }

    @Test func `every kind of reply is decoded`() throws {
        let text =
            "+OK\r\n-ERR no\r\n:-42\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n*0\r\n$0\r\n\r\n*3\r\n:1\r\n$1\r\nb\r\n*2\r\n$-1\r\n*0\r\n"
        #expect(
            try self.decode(Array(text.utf8)) == [
                .status("OK"), .error(RedisServerError(message: "ERR no")), .integer(-42), .string(Array("a\r\n".utf8)),
                .null, .null, .array([]), .string([]),
                .array([.integer(1), .string([98]), .array([.null, .array([])])]),
            ])
    }

    @Test func `a split at every byte boundary changes nothing`() throws {
        let text =
            "*4\r\n:1\r\n:22\r\n:333\r\n:9223372036854775807\r\n+QUEUED\r\n*2\r\n*2\r\n:1\r\n$5\r\nhello\r\n-WRONG x\r\n$2\r\nok\r\n"
        let bytes = Array(text.utf8)
        let whole = try self.decode(bytes)
        #expect(whole.count == 4)
        for piece in 1...bytes.count { #expect(try self.decode(bytes, piece: piece) == whole) }
    }

    @Test func `a reply is read in place`() throws {
        let decoder = RedisReplyDecoder(replyBytesMax: 1 << 20)
        let text =
            "*7\r\n:7\r\n$3\r\n-15\r\n$2\r\nxy\r\n$-1\r\n*2\r\n:8\r\n$2\r\nzz\r\n+S\r\n$20\r\n99999999999999999999\r\n"
        Array(text.utf8).withUnsafeBytes { decoder.feed($0) }
        #expect(decoder.next() == .reply)
        decoder.withReply { reply in
            let (kind, count) = (reply.kind, reply.count)
            #expect(kind == .array)
            #expect(count == 7)
            let integers = (0..<9).map { reply.integer(at: $0) }
            #expect(integers == [7, -15, nil, nil, nil, nil, nil, nil, nil])
            let kinds = (-1..<8).map { reply.kind(at: $0) }
            #expect(kinds == [.null, .integer, .string, .string, .null, .array, .status, .string, .null])
            let (text, bytes) = (reply.withBytes(at: 2) { Array($0) }, reply.byteCount(at: 1))
            #expect(text == Array("xy".utf8))
            #expect(bytes == 3)
            let inner = reply.nested(at: 4)?.withBytes(at: 1) { Array($0) }
            #expect(inner == Array("zz".utf8))
            let isAbsent = reply.nested(at: 7) == nil
            #expect(isAbsent)
            let last = reply.withBytes(at: 5) { Array($0) }
            #expect(last == Array("S".utf8))
        }
    }

    @Test func `seven arrays inside one another are decoded, and more are refused`() throws {
        let seven = String(repeating: "*1\r\n", count: 7) + ":5\r\n"
        var expected = RedisValue.integer(5)
        for _ in 0..<7 { expected = .array([expected]) }
        #expect(try self.decode(Array(seven.utf8)) == [expected])
        let twenty = String(repeating: "*1\r\n", count: 20) + ":5\r\n"
        #expect(throws: DecodingFailed.self) { try self.decode(Array(twenty.utf8)) }
    }

    @Test(arguments: ["x\r\n", ":12a\r\n", "$-2\r\n", "*-2\r\n", "$abc\r\n", "%1\r\n", "*1\r\n?\r\n", "\r\n"])
    func `what is not RESP2 fails`(text: String) {
        #expect(throws: DecodingFailed.self) { try self.decode(Array(text.utf8)) }
    }

    @Test func `a large reply is decoded, and its memory given back`() throws {
        let decoder = RedisReplyDecoder(replyBytesMax: 4 << 20)
        let before = decoder.storageBytes
        let body = [UInt8](repeating: 97, count: 1 << 20)
        let reply = Array("*2\r\n$\(body.count)\r\n".utf8) + body + Array("\r\n:7\r\n".utf8)
        for start in stride(from: 0, to: reply.count, by: 16_000) {
            reply[start..<min(start + 16_000, reply.count)].withUnsafeBytes { decoder.feed($0) }
            if start + 16_000 < reply.count { #expect(decoder.next() == .needsMoreBytes) }
        }
        #expect(decoder.next() == .reply)
        #expect(decoder.storageBytes > 1 << 20)
        let (length, last) = decoder.withReply { ($0.byteCount(at: 0), $0.integer(at: 1)) }
        #expect(length == 1 << 20)
        #expect(last == 7)
        #expect(decoder.next() == .needsMoreBytes)
        #expect(decoder.storageBytes == before)
    }

    @Test func `a long array grows the storage, and is given back`() throws {
        let decoder = RedisReplyDecoder(replyBytesMax: 4 << 20)
        let before = decoder.storageBytes
        let text = "*10000\r\n" + (0..<10_000).map { ":\($0)\r\n" }.joined()
        Array(text.utf8).withUnsafeBytes { decoder.feed($0) }
        #expect(decoder.next() == .reply)
        let sum = decoder.withReply { reply in (0..<reply.count).reduce(Int64(0)) { $0 + (reply.integer(at: $1) ?? 0) }
        }
        #expect(sum == 49_995_000)
        #expect(decoder.next() == .needsMoreBytes)
        #expect(decoder.storageBytes == before)
    }

    @Test func `a peer cannot make a reply grow without bound`() throws {
        let announced = "$2000000000\r\n" + String(repeating: "a", count: 200_000)
        #expect(throws: DecodingFailed.self) { try self.decode(Array(announced.utf8), piece: 4_096, max: 100_000) }
        let endless = "*2000000000\r\n" + String(repeating: ":1\r\n", count: 100_000)
        #expect(throws: DecodingFailed.self) { try self.decode(Array(endless.utf8), piece: 4_096, max: 100_000) }
        let many = "*9\r\n" + String(repeating: "$30000\r\n\(String(repeating: "b", count: 30_000))\r\n", count: 9)
        #expect(throws: DecodingFailed.self) { try self.decode(Array(many.utf8), piece: 4_096, max: 100_000) }
    }

    @Test func `random bytes neither crash nor hang, and a random reply decodes however it is split`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        for _ in 0..<TestEffort.cases(2_000, full: 200_000) {
            let alphabet = Array("+-:$*0123456789\r\n\r\n\r\nab".utf8)
            let count = Int.random(in: 1...200, using: &random)
            let noise = (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
            _ = try? self.decode(noise, piece: Int.random(in: 1...count, using: &random), max: 10_000)
            _ = try? self.decode(random.bytes(count), piece: 7, max: 10_000)
        }
        for _ in 0..<TestEffort.cases(300, full: 30_000) {
            let values = (0..<3).map { _ in self.randomValue(&random, depth: 0) }
            let bytes = values.flatMap { self.encoded($0) }
            let piece = Int.random(in: 1...bytes.count, using: &random)
            #expect(try self.decode(bytes, piece: piece) == values, "seed \(seed)")
        }
    }

    @Test func `a mutated reply neither crashes nor hangs`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        for _ in 0..<TestEffort.cases(2_000, full: 200_000) {
            var bytes = self.encoded(self.randomValue(&random, depth: 0))
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8(truncatingIfNeeded: random.next())
            }
            _ = try? self.decode(bytes, piece: Int.random(in: 1...bytes.count, using: &random), max: 10_000)
        }
    }

    private func randomValue(_ random: inout SplitMix64, depth: Int) -> RedisValue {
        switch Int.random(in: 0..<(depth < 5 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .integer(Int64.random(in: .min ... .max, using: &random))
        case 2: return .string(random.bytes(Int.random(in: 0..<60, using: &random)))
        case 3: return .status("S\(random.next())")
        case 4: return .error(RedisServerError(message: "E\(random.next())"))
        default:
            let count = Int.random(in: 0..<5, using: &random)
            return .array((0..<count).map { _ in self.randomValue(&random, depth: depth + 1) })
        }
    }

    private func encoded(_ value: RedisValue) -> [UInt8] {
        switch value {
        case .null: Array("$-1\r\n".utf8)
        case .integer(let integer): Array(":\(integer)\r\n".utf8)
        case .status(let text): Array("+\(text)\r\n".utf8)
        case .error(let error): Array("-\(error.message)\r\n".utf8)
        case .string(let bytes): Array("$\(bytes.count)\r\n".utf8) + bytes + Array("\r\n".utf8)
        case .array(let elements): Array("*\(elements.count)\r\n".utf8) + elements.flatMap { self.encoded($0) }
        }
    }
}
