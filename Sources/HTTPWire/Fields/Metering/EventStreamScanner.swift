/// Watches a `text/event-stream` go by and keeps the data of the last event that is JSON, to meter from it.
///
/// Lines end in CR, LF or CRLF, wherever chunks are cut (WHATWG HTML §9.2.6). An event counts once its empty line has
/// come; one that the end of the stream cut off does not. `[DONE]`, with which some services end a stream, is noticed
/// and is not JSON. Memory is two buffers of at most the cap.
public struct EventStreamScanner: Sendable {
    /// Bytes of data kept of one event unless told otherwise.
    public static let dataBytesMaxDefault = 64 * 1024

    /// Events completed that had data.
    public private(set) var eventCount = 0
    /// Whether an event with the data `[DONE]` was completed.
    public private(set) var sawDone = false
    /// Whether the last JSON event was larger than the cap, so that there is nothing to meter from.
    public private(set) var lastEventTooLarge = false
    /// Data of the last completed JSON event, its lines joined by LF.
    public private(set) var lastEvent: [UInt8]?

    private enum Place: Equatable {
        case lineStart
        /// So many bytes of `data` were read.
        case name(matched: Int)
        /// Behind `data:`, where one space is skipped.
        case beforeData
        case data
        case otherField
        case comment
    }

    private let dataBytesMax: Int
    private var place: Place = .lineStart
    private var followsCR = false
    private var markBytes = 0
    private var eventBegun = false
    private var data: [UInt8] = []
    private var dataBytes = 0
    private var hasDataLine = false

    /// A scanner at the start of a stream.
    public init(dataBytesMax: Int = EventStreamScanner.dataBytesMaxDefault) {
        self.dataBytesMax = max(0, dataBytesMax)
    }

    /// Whether the stream, should it end here, ends between events rather than in one. Comments belong to none.
    public var isAtEventBoundary: Bool { self.place == .lineStart && !self.eventBegun }

    /// Reads the next bytes of the stream.
    public mutating func read(_ chunk: Span<UInt8>) {
        var index = 0
        while self.markBytes < 3, index < chunk.count { self.skipMark(chunk, &index) }
        while index < chunk.count {
            let byte = chunk[index]
            if self.followsCR {
                self.followsCR = false
                if byte == 0x0A {
                    index += 1
                    continue
                }
            }
            switch self.place {
            case .data, .otherField, .comment:
                let end = Self.lineEnd(chunk, from: index)
                if self.place == .data { self.append(chunk.extracting(index..<end)) }
                index = end
                guard index < chunk.count else { return }
                self.endLine(chunk[index])
                index += 1
            case .beforeData:
                self.place = .data
                if byte == 0x20 { index += 1 }
            case .lineStart, .name:
                self.readName(byte)
                index += 1
            }
        }
    }

    /// The integer a pointer names in the last JSON event; nil where there is none.
    public func integer(at pointer: JSONPointer) -> Int? {
        guard let lastEvent = self.lastEvent else { return nil }
        return pointer.integer(in: lastEvent.span)
    }

    /// Skips a byte order mark at the very start. Part of one is an unknown field's name.
    private mutating func skipMark(_ chunk: Span<UInt8>, _ index: inout Int) {
        let mark: InlineArray<3, UInt8> = [0xEF, 0xBB, 0xBF]
        guard chunk[index] == mark[self.markBytes] else {
            if self.markBytes > 0 { self.beginField() }
            self.markBytes = 3
            return
        }
        self.markBytes += 1
        index += 1
    }

    private mutating func readName(_ byte: UInt8) {
        if byte == 0x0A || byte == 0x0D { return self.endLine(byte) }
        let name: InlineArray<4, UInt8> = [0x64, 0x61, 0x74, 0x61]
        switch self.place {
        case .lineStart where byte == UInt8(ascii: ":"):
            self.place = .comment
        case .lineStart:
            self.beginField()
            if byte == name[0] { self.place = .name(matched: 1) }
        case .name(let matched) where matched < 4 && byte == name[matched]:
            self.place = .name(matched: matched + 1)
        case .name(matched: 4) where byte == UInt8(ascii: ":"):
            self.beginDataLine()
            self.place = .beforeData
        default:
            self.place = .otherField
        }
    }

    private mutating func beginField() {
        self.eventBegun = true
        self.place = .otherField
    }

    private mutating func beginDataLine() {
        if self.hasDataLine {
            let feed: InlineArray<1, UInt8> = [0x0A]
            self.append(feed.span)
        }
        self.hasDataLine = true
    }

    private mutating func endLine(_ byte: UInt8) {
        self.followsCR = byte == 0x0D
        switch self.place {
        case .lineStart: self.endEvent()
        case .name(matched: 4): self.beginDataLine()
        case .name, .beforeData, .data, .otherField, .comment: break
        }
        self.place = .lineStart
    }

    private mutating func append(_ bytes: Span<UInt8>) {
        self.dataBytes += bytes.count
        let room = min(bytes.count, self.dataBytesMax - self.data.count)
        guard room > 0 else { return }
        bytes.extracting(0..<room).withUnsafeBufferPointer { self.data.append(contentsOf: $0) }
    }

    private mutating func endEvent() {
        if self.dataBytes > 0 {
            self.eventCount += 1
            if self.data.elementsEqual("[DONE]".utf8) {
                self.sawDone = true
            } else if self.isJSON {
                self.lastEventTooLarge = self.dataBytes > self.dataBytesMax
                self.keep()
            }
        }
        self.data.removeAll(keepingCapacity: true)
        self.dataBytes = 0
        self.hasDataLine = false
        self.eventBegun = false
    }

    /// Makes the data just read the last event's, and takes over the old one's memory for the next.
    private mutating func keep() {
        guard !self.lastEventTooLarge else {
            self.lastEvent = nil
            return
        }
        let previous = self.lastEvent.take() ?? []
        self.lastEvent = self.data
        self.data = previous
    }

    /// Whether the data starts as a JSON object or array does; the pointer's look-up checks the rest.
    private var isJSON: Bool {
        for byte in self.data {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: continue
            default: return byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
            }
        }
        return false
    }

    private static func lineEnd(_ chunk: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < chunk.count, chunk[index] != 0x0A, chunk[index] != 0x0D { index += 1 }
        return index
    }
}
