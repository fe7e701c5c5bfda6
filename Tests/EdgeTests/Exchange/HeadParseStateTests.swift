import NIOCore
import TestKit
import Testing

@testable import Edge

/// A head that drips in is parsed a bounded number of times.
@Suite struct HeadParseStateTests {
    @Test func `a head is parsed when its first bytes are there and then once a line`() {
        let head = ByteBuffer(
            string: "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 300) + "\r\n\r\n")
        var state = HeadParseState()
        var parses = 0
        for count in 1...head.readableBytes {
            var part = head
            guard let seen = part.readSlice(length: count), state.isWorthParsing(seen.readableBytesUInt8Span) else {
                continue
            }
            parses += 1
            state.parsed(count)
        }
        #expect(parses == 5)
    }

    private static func isWorth(_ state: HeadParseState, _ bytes: ByteBuffer) -> Bool {
        state.isWorthParsing(bytes.readableBytesUInt8Span)
    }

    @Test func `nothing is parsed twice`() {
        let bytes = ByteBuffer(string: "GET / HTTP/1.1\r\n")
        var state = HeadParseState()
        #expect(Self.isWorth(state, ByteBuffer()) == false)
        #expect(Self.isWorth(state, bytes) == true)
        state.parsed(bytes.readableBytes)
        #expect(Self.isWorth(state, bytes) == false)
        state.reset()
        #expect(Self.isWorth(state, bytes) == true)
    }

    @Test func `a line without an end is looked at again after each kilobyte`() {
        let endless = ByteBuffer(repeating: UInt8(ascii: "a"), count: 8 * 1024)
        var state = HeadParseState()
        var parses = 0
        for count in 1...endless.readableBytes {
            var part = endless
            guard let seen = part.readSlice(length: count), state.isWorthParsing(seen.readableBytesUInt8Span) else {
                continue
            }
            parses += 1
            state.parsed(count)
        }
        #expect(parses == 9)
    }
}
