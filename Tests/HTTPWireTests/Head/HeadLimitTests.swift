import Testing

@testable import HTTPWire

@Suite struct HeadLimitTests {
    private let limits = HeadLimits(startLineBytesMax: 40, sectionBytesMax: 64, fieldsMax: 3)

    private func request(pathBytes: Int, lines: String) -> [UInt8] {
        bytes("GET /\(String(repeating: "p", count: pathBytes - 1)) HTTP/1.1\r\n\(lines)\r\n")
    }

    @Test func `a request line of exactly the limit passes, one byte more is 414`() {
        let fits = self.request(pathBytes: 40 - 13, lines: "Host: a\r\n")
        let tooLong = self.request(pathBytes: 40 - 12, lines: "Host: a\r\n")
        #expect(read(fits, limits: self.limits).messages.count == 1)
        #expect(read(tooLong, limits: self.limits).end == .failed(.startLineTooLong))
        #expect(WireError.startLineTooLong.status == 414)
        expectSameWhenSplit(fits, limits: self.limits)
        expectSameWhenSplit(tooLong, limits: self.limits)
    }

    @Test func `a section of exactly the limit passes, one byte more is 431`() {
        // "Host: a" CR LF, "X: " value CR LF, CR LF: 9 + 5 + value + 2.
        let fits = self.request(pathBytes: 1, lines: "Host: a\r\nX: \(String(repeating: "v", count: 48))\r\n")
        let tooLarge = self.request(pathBytes: 1, lines: "Host: a\r\nX: \(String(repeating: "v", count: 49))\r\n")
        #expect(read(fits, limits: self.limits).messages.count == 1)
        #expect(read(tooLarge, limits: self.limits).end == .failed(.fieldSectionTooLarge))
        #expect(WireError.fieldSectionTooLarge.status == 431)
        expectSameWhenSplit(fits, limits: self.limits)
        expectSameWhenSplit(tooLarge, limits: self.limits)
    }

    @Test func `one field more than the limit is 431`() {
        let fits = self.request(pathBytes: 1, lines: "Host: a\r\nA: b\r\nC: d\r\n")
        let tooMany = self.request(pathBytes: 1, lines: "Host: a\r\nA: b\r\nC: d\r\nE: f\r\n")
        #expect(read(fits, limits: self.limits).messages.count == 1)
        #expect(read(tooMany, limits: self.limits).end == .failed(.fieldsTooMany))
        expectSameWhenSplit(tooMany, limits: self.limits)
    }

    @Test func `an endless line is refused at the limit, its first error before`() {
        let endless = Array(repeating: UInt8(ascii: "A"), count: 100)
        #expect(read(endless, limits: self.limits).end == .failed(.startLineTooLong))
        let withError = bytes("GET /\u{01}") + endless
        #expect(read(withError, limits: self.limits).end == .failed(.targetInvalid))
        expectSameWhenSplit(withError, limits: self.limits)
        let lateError = bytes("GET /") + endless + bytes("\u{01}")
        #expect(read(lateError, limits: self.limits).end == .failed(.startLineTooLong))
        expectSameWhenSplit(lateError, limits: self.limits)
    }

    @Test func `limits outside what the records can hold are brought back`() {
        let limits = HeadLimits(startLineBytesMax: .max, sectionBytesMax: .max, fieldsMax: .max)
        #expect(limits == HeadLimits(startLineBytesMax: 64 << 10, sectionBytesMax: 1 << 20, fieldsMax: 1000))
        #expect(HeadLimits(startLineBytesMax: -1, sectionBytesMax: 0, fieldsMax: -5).fieldsMax == 1)
    }

    @Test func `a field name of 64 KiB is refused, not truncated`() {
        let limits = HeadLimits(sectionBytesMax: 1 << 20)
        let name = String(repeating: "n", count: 1 << 16)
        let seen = read(bytes("GET / HTTP/1.1\r\nHost: a\r\n\(name): v\r\n\r\n"), limits: limits)
        #expect(seen.end == .failed(.fieldSectionTooLarge))
    }

    @Test func `a line that drips in is tried three times: begun, at its CR, complete`() {
        let line = bytes("X: " + String(repeating: "v", count: 500) + "\r\n")
        var cursor = LineCursor(at: 0)
        var tries = 0
        for end in 1...line.count where cursor.isWorthTrying(line.span, to: end) {
            tries += 1
            cursor.ranOut(line.span, at: end)
        }
        #expect(tries == 3)
    }
}
