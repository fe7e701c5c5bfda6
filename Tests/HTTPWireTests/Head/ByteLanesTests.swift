import Testing

@testable import HTTPWire

@Suite struct ByteLanesTests {
    /// Each byte value in each lane, among neighbours that would show a carry.
    private func check(_ lanes: (UInt64) -> UInt64, _ matches: (UInt8) -> Bool) {
        for filler in [UInt8(0x00), 0x20, 0x41, 0x7F, 0x80, 0xFF] {
            for byte in UInt8.min...UInt8.max {
                for lane in 0..<8 {
                    var values = [UInt8](repeating: filler, count: 8)
                    values[lane] = byte
                    let word = values.span.word(at: 0)
                    var expected: UInt64 = 0
                    for index in 0..<8 where matches(values[index]) { expected |= 0x80 << UInt64(index * 8) }
                    guard lanes(word) != expected else { continue }
                    Issue.record("byte \(byte) in lane \(lane) among \(filler)")
                    return
                }
            }
        }
    }

    @Test func `lanes agree with bytes`() {
        self.check({ $0.lanesOfControls }) { $0 < 0x20 || $0 == 0x7F }
        self.check({ $0.lanesOutsideTarget }) { $0 <= 0x20 || $0 >= 0x7F }
        self.check({ $0.lanes(equal: 0x3F) }) { $0 == 0x3F }
        self.check({ $0.lanes(equal: 0x00) }) { $0 == 0x00 }
        self.check({ $0.lanesOutsidePlainName }) { byte in
            let character = Character(Unicode.Scalar(byte))
            return !(character.isASCII && (character.isLetter || character.isNumber || character == "-"))
        }
    }

    @Test func `whether any lane holds a byte agrees with which ones do`() {
        for byte in [UInt8(0x00), 0x01, 0x25, 0x2E, 0x7F, 0x80, 0xFF] {
            var random = FastRandom(seed: UInt64(byte))
            for _ in 0..<20_000 {
                // Bytes near the one that is looked for, where a borrow would show.
                var word: UInt64 = 0
                for _ in 0..<8 { word = word << 8 | UInt64(byte &+ UInt8(random.next() & 3) &- 2) }
                #expect((word.anyLane(equal: byte) != 0) == (word.lanes(equal: byte) != 0), "\(word)")
            }
        }
    }

    @Test func `token bytes are those of RFC 9110`() {
        let tokens = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for byte in UInt8.min...UInt8.max { #expect(byte.isToken == tokens.contains(byte), "\(byte)") }
    }

    @Test func `hexadecimal digits have their value`() {
        for byte in UInt8.min...UInt8.max {
            let expected = byte < 0x80 ? Character(Unicode.Scalar(byte)).hexDigitValue : nil
            #expect(byte.hexValue == UInt8(expected ?? 255))
        }
    }

    @Test func `short words read no further than asked`() {
        let message: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
        #expect(message.span.word(at: 0, count: 3) == 0x03_0201)
        #expect(message.span.word(at: 6, count: 3) == 0x09_0807)
        #expect(message.span.word(at: 0, count: 0) == 0)
        #expect(message.span.word(at: 1, count: 8) == 0x0908_0706_0504_0302)
    }
}
