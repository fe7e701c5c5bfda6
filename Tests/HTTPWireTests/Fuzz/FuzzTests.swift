import HTTPWire
import Testing

@Suite struct FuzzTests {
    private static let rounds = isFullRun ? 5_000 : 60

    /// The ranges are checked where they are turned into bytes (`seenFields`), so reading is the assertion.
    @Test(arguments: CorpusFile.all)
    func `damaged messages never trap, read alike in pieces, and forward what they mean`(file: CorpusFile) {
        var random = Seeded(seed: 0xF022 ^ UInt64(file.bytes.count))
        for round in 0..<Self.rounds {
            let message = Self.damaged(file.bytes, &random)
            let cuts = (0..<random.below(6)).map { _ in random.below(message.count + 1) }.sorted()
            // A line's error is due when the line ends, and may be found earlier: let the last line end.
            let whole = read(message + bytes("\r\n"), file.side)
            let pieces = read(message + bytes("\r\n"), file.side, cuts: cuts)
            guard whole == pieces else {
                Issue.record(
                    "\(file) round \(round), cut at \(cuts): \(pieces)\nwhole: \(whole)\n\(text(message).debugDescription)"
                )
                return
            }
            expectForwardedAlike(message, isRequest: file.isRequest, note: "\(file) round \(round)")
        }
    }

    @Test func `noise is refused or incomplete, never a trap`() {
        var random = Seeded(seed: 0x0153)
        for _ in 0..<Self.rounds * 20 {
            let noise = (0..<random.below(80)).map { _ in UInt8(random.below(256)) }
            #expect(read(noise).messages.isEmpty)
            #expect(read(noise, .responses(.get)).messages.isEmpty)
            let body = bytes("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") + noise
            _ = read(body, cuts: [body.count - noise.count / 2])
        }
    }

    /// Flipped, spliced, repeated and cut bytes, in one to four places.
    private static func damaged(_ original: [UInt8], _ random: inout Seeded) -> [UInt8] {
        var message = original
        for _ in 0...random.below(4) where !message.isEmpty {
            let place = random.below(message.count)
            let end = min(message.count, place + 1 + random.below(12))
            switch random.below(7) {
            case 0: message[place] ^= 1 << UInt8(random.below(8))
            case 1: message[place] = UInt8(random.below(256))
            case 2: message.remove(at: place)
            case 3: message.insert(contentsOf: message[place..<end], at: random.below(message.count))
            case 4: message.removeSubrange(place..<end)
            case 5: message.removeLast(random.below(message.count))
            default:
                let donor = random.one(of: CorpusFile.all).bytes
                let from = random.below(donor.count)
                message.insert(contentsOf: donor[from..<min(donor.count, from + 1 + random.below(40))], at: place)
            }
        }
        return message
    }
}
