import NIOCore
import TestKit
import Testing

@testable import RedisClient

@Suite struct RESPWriterTests {
    @Test func `a command is an array of bulk strings`() {
        var output = ByteBuffer()
        RESPWriter.beginCommand(argumentCount: 3, into: &output)
        RESPWriter.append("SET", into: &output)
        RESPWriter.append("ключ", into: &output)
        RESPWriter.append(integer: -120, into: &output)
        #expect(String(buffer: output) == "*3\r\n$3\r\nSET\r\n$8\r\nключ\r\n$4\r\n-120\r\n")
    }

    @Test(arguments: [0, 9, 10, 99, 100, -1, -10, Int64.max, Int64.min])
    func `integers are written in decimal`(integer: Int64) {
        var output = ByteBuffer()
        RESPWriter.append(integer: integer, into: &output)
        #expect(String(buffer: output) == "$\(String(integer).utf8.count)\r\n\(integer)\r\n")
    }

    @Test func `all ways to append the same bytes agree`() {
        var (first, second, third, fourth) = (ByteBuffer(), ByteBuffer(), ByteBuffer(), ByteBuffer())
        RESPWriter.append("abc", into: &first)
        RESPWriter.append(Array("abc".utf8), into: &second)
        RESPWriter.append(ByteBuffer(string: "abc"), into: &third)
        RESPWriter.append(UnsafeRawBufferPointer(start: nil, count: 0), into: &fourth)
        #expect(first == second)
        #expect(first == third)
        #expect(String(buffer: fourth) == "$0\r\n\r\n")
    }

    @Test func `our writer and hiredis's formatter write the same bytes`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        for _ in 0..<TestEffort.cases(300, full: 20_000) {
            let arguments: [RedisArgument] = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                switch Int.random(in: 0..<3, using: &random) {
                case 0:
                    .integer(
                        Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0..<64, using: &random))
                case 1: .bytes(random.bytes(Int.random(in: 0..<40, using: &random)))
                default: .buffer(ByteBuffer(bytes: random.bytes(Int.random(in: 0..<2_000, using: &random))))
                }
            }
            var ours = ByteBuffer()
            RESPWriter.beginCommand(argumentCount: arguments.count, into: &ours)
            for argument in arguments {
                switch argument {
                case .integer(let integer): RESPWriter.append(integer: integer, into: &ours)
                case .bytes(let bytes): RESPWriter.append(bytes, into: &ours)
                case .buffer(let buffer): RESPWriter.append(buffer, into: &ours)
                case .text(let text): RESPWriter.append(text, into: &ours)
                }
            }
            var theirs = ByteBuffer()
            #expect(RedisFormatter.append(arguments, into: &theirs))
            #expect(ours == theirs, "seed \(seed)")
        }
    }

    @Test func `a command without arguments is not formatted`() {
        var output = ByteBuffer()
        #expect(!RedisFormatter.append([], into: &output))
        #expect(output.readableBytes == 0)
        #expect(RedisFormatter.append([""], into: &output))
        #expect(String(buffer: output) == "*1\r\n$0\r\n\r\n")
    }
}
