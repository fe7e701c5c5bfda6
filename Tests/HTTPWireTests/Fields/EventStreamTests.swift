import HTTPWire
import NIOCore
import Testing

@Suite struct EventStreamTests {
    private func scan(_ text: String, cap: Int = 65_536) -> EventStreamScanner {
        var scanner = EventStreamScanner(dataBytesMax: cap)
        scanner.read(text.utf8.span)
        return scanner
    }

    private func last(_ text: String) -> String? {
        scan(text).lastEvent.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `the usage of a stream that ends with DONE`() throws {
        let scanner = scan(
            """
            data: {"choices":[{"delta":"hi"}]}

            data: {"choices":[],"usage":{"total_tokens":57}}

            data: [DONE]


            """)
        #expect(scanner.integer(at: try #require(JSONPointer("/usage/total_tokens"))) == 57)
        #expect(scanner.sawDone)
        #expect(scanner.eventCount == 3)
        #expect(scanner.isAtEventBoundary)
        #expect(!scanner.lastEventTooLarge)
    }

    @Test(arguments: ["\n", "\r", "\r\n"])
    func `lines end in LF, CR or CRLF`(end: String) {
        let text = ["id: 7", "event: usage", "data: {\"n\":", "data: 1}", "", ""].joined(separator: end)
        #expect(last(text) == "{\"n\":\n1}")
        #expect(scan(text).isAtEventBoundary)
        #expect(scan(text).eventCount == 1)
    }

    @Test(arguments: [
        ("data:{1}\n\n", "{1}"), ("data:  {1}\n\n", " {1}"), ("data: {\ndata\ndata:}\n\n", "{\n\n}"),
        ("\u{FEFF}data: {1}\n\n", "{1}"), (": hello\ndata: {1}\n\n", "{1}"), ("data: {1}\n: note\n\n", "{1}"),
        ("data: {1}\nretry: 5\n\n", "{1}"), ("data: {1}\n\ndata: plain\n\n", "{1}"), ("data: [1]\n\n", "[1]"),
        ("data: {1}\n\n\n\n\n", "{1}"), ("data: {1}\n\ndata\n\n", "{1}"), ("data: {1}\n\ndata: {2}\n", "{1}"),
        ("data: {1}\n\ndata: {2}", "{1}"), ("data: {1}\n\nevent: x\n\n", "{1}"),
        ("data: {1}\r\rdata: {2}\r\n\r\n", "{2}"),
    ])
    func `the last complete JSON event is kept`(text: String, event: String) {
        #expect(last(text) == event)
    }

    @Test(arguments: [
        "", "\n\n", "data: hello\n\n", "Data: {1}\n\n", " data: {1}\n\n", "dat: {1}\n\n", "datax: {1}\n\n",
        "data : {1}\n\n",
        "data: {1}\n", "data: {1}", ":data: {1}\n\n", "data:\n\n", "data: [DONE]\n\n", "\u{FEFF}\u{FEFF}data: {1}\n\n",
    ])
    func `where there is none, nothing is kept`(text: String) {
        #expect(last(text) == nil)
    }

    @Test func `a stream ends cleanly only between events`() {
        for text in ["", "data: {1}\n\n", "data: {1}\r\r", "data: {1}\n\n: ping\n", "\u{FEFF}", "\n"] {
            #expect(scan(text).isAtEventBoundary, "\(text.debugDescription)")
        }
        for text in [
            "d", "data: {1}", "data: {1}\n", "data: {1}\r\n", "data: {1}\n\nid: 7\n", ": pi", "x\n", "event: e\n",
        ] {
            #expect(!scan(text).isAtEventBoundary, "\(text.debugDescription)")
        }
    }

    @Test func `an event beyond the cap is not metered from, and memory stays bounded`() {
        let big = "data: {\(String(repeating: "x", count: 100))}\n\n"
        #expect(scan(big, cap: 102).lastEvent?.count == 102)
        let capped = scan("data: {1}\n\n" + big, cap: 101)
        #expect(capped.lastEvent == nil)
        #expect(capped.lastEventTooLarge)
        let after = scan(big + "data: {2}\n\n", cap: 101)
        #expect(after.lastEvent == Array("{2}".utf8))
        #expect(!after.lastEventTooLarge)
        let lines = scan("data: {\n" + String(repeating: "data: x\n", count: 60) + "\n", cap: 100)
        #expect(lines.lastEventTooLarge)
        #expect(scan("data: {1}\n\n", cap: -1).lastEvent == nil)
    }

    @Test func `however a stream is cut into chunks, it reads the same`() {
        let parts = [
            "data: ", "data", ":", " ", "{\"n\":1}", "[DONE]", "\n", "\r", "\r\n", "\n\n", "\r\r", "id: 1", "x",
            "\u{FEFF}",
            ": c", "d", "\u{e9}", "[",
        ]
        for seed in 0..<FieldTesting.cases * 2 {
            var random = FastRandom(seed: seed)
            let text = (0..<Int.random(in: 0...25, using: &random))
                .map { _ in parts.randomElement(using: &random) ?? "" }.joined()
            let bytes = Array(text.utf8)
            var scanner = EventStreamScanner()
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 0...4, using: &random))
                scanner.read(bytes.span.extracting(start..<end))
                start = end
            }
            let expected = EventStreamModel(bytes)
            #expect(scanner.lastEvent == expected.lastEvent, "seed \(seed): \(text.debugDescription)")
            #expect(scanner.eventCount == expected.eventCount, "seed \(seed): \(text.debugDescription)")
            #expect(scanner.sawDone == expected.sawDone, "seed \(seed): \(text.debugDescription)")
            #expect(scanner.isAtEventBoundary == expected.isAtBoundary, "seed \(seed): \(text.debugDescription)")
        }
    }

    @Test func `bytes of any kind never trap`() {
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            var scanner = EventStreamScanner(dataBytesMax: 16)
            for _ in 0..<5 { scanner.read(FieldTesting.bytes(of: "data: {}\r\n\n", upTo: 60, &random).span) }
            #expect((scanner.lastEvent?.count ?? 0) <= 16, "seed \(seed)")
        }
    }
}

/// The same by the letter of the standard: split the whole text into lines, then go through them.
private struct EventStreamModel {
    var lastEvent: [UInt8]?
    var eventCount = 0
    var sawDone = false
    var isAtBoundary = true

    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        var data: [[UInt8]] = []
        var begun = false
        while let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
            let line = Array(rest[..<end])
            let isPair = rest[end] == 0x0D && rest[end...].dropFirst().first == 0x0A
            rest = rest[(end + (isPair ? 2 : 1))...]
            if line.isEmpty {
                self.dispatch(Array(data.joined(separator: [0x0A])))
                data = []
                begun = false
            } else if line[0] != UInt8(ascii: ":") {
                begun = true
                let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
                guard parts[0].elementsEqual("data".utf8) else { continue }
                let value = parts.count > 1 ? parts[1] : []
                data.append(Array(value.first == 0x20 ? value.dropFirst() : value))
            }
        }
        self.isAtBoundary = rest.isEmpty && !begun
    }

    private mutating func dispatch(_ data: [UInt8]) {
        guard !data.isEmpty else { return }
        self.eventCount += 1
        if data.elementsEqual("[DONE]".utf8) {
            self.sawDone = true
        } else if let first = data.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }),
            first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        {
            self.lastEvent = data
        }
    }
}
