import Glibc
import HTTPWire
import NIOCore

/// What the field tests share: rendering into text, seeded bytes, and how many cases a property runs.
enum FieldTesting {
    static let cases: UInt64 = getenv("TOLLGATE_FULL") == nil ? 400 : 40_000

    static func render(_ body: (inout ByteBuffer) -> Void) -> String {
        String(decoding: self.bytes(body), as: UTF8.self)
    }

    /// As `render`, of what is written into a head.
    static func renderHead(_ body: (inout HeadWriter) -> Void) -> String {
        self.render { buffer in
            // Little room, so that the writer has to grow.
            var writer = HeadWriter(&buffer, room: 1)
            body(&writer)
            writer.finish(&buffer)
        }
    }

    static func bytes(_ body: (inout ByteBuffer) -> Void) -> [UInt8] {
        var buffer = ByteBuffer()
        body(&buffer)
        return Array(buffer.readableBytesView)
    }

    /// Random bytes, mostly of an alphabet that the parser under test takes seriously.
    static func bytes(of alphabet: String, upTo countMax: Int, _ random: inout FastRandom) -> [UInt8] {
        let letters = Array(alphabet.utf8)
        let count = Int.random(in: 0...countMax, using: &random)
        return (0..<count).map { _ in
            Int.random(in: 0..<30, using: &random) == 0
                ? UInt8.random(in: 0...255, using: &random) : letters.randomElement(using: &random) ?? 0
        }
    }

    /// A text with a few bytes changed, left out or doubled.
    static func mutated(_ text: String, _ random: inout FastRandom) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(bytes[place], at: place)
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes
    }
}
