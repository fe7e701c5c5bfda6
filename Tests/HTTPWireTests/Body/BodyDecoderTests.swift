import HTTPWire
import Testing

@Suite struct BodyDecoderTests {
    /// The steps that `pieces` give, `data` as text. What a step leaves is offered again with the next piece.
    private func steps(_ framing: BodyFraming, _ pieces: [String], limits: BodyLimits = BodyLimits()) -> [String] {
        var decoder = BodyDecoder(limits: limits)
        decoder.begin(framing)
        var steps: [String] = []
        var held: [UInt8] = []
        for piece in pieces {
            held += bytes(piece)
            var offset = 0
            var isMore = true
            while isMore {
                switch decoder.next(held.span, at: &offset) {
                case .data(let range): steps.append("data \(text(held.slice(range)))")
                case .needsMore:
                    steps.append("more")
                    isMore = false
                case .finished:
                    steps.append("finished at \(offset)")
                    isMore = false
                case .failed(let error):
                    steps.append(error.rawValue)
                    isMore = false
                }
            }
            held.removeFirst(offset)
        }
        return steps
    }

    @Test func `a run is as long as the bytes and the framing allow`() {
        #expect(self.steps(.length(5), ["abc", "defgh"]) == ["data abc", "more", "data de", "finished at 2"])
        #expect(self.steps(.untilClose, ["abc", "", "d"]) == ["data abc", "more", "more", "data d", "more"])
        #expect(self.steps(.none, ["abc"]) == ["finished at 0"])
        #expect(self.steps(.length(0), ["abc"]) == ["finished at 0"])
        #expect(
            self.steps(.chunked, ["3\r\nabc\r\n2\r\nd", "e\r\n0\r\n\r\nGET"])
                == ["data abc", "data d", "more", "data e", "finished at 8"])
    }

    @Test func `a body of known length is finished with its last byte`() {
        var decoder = BodyDecoder()
        decoder.begin(.length(3))
        let message = bytes("abcd")
        var offset = 0
        let before = [decoder.bytesLeft == 3, decoder.isFinished]
        #expect(before == [true, false])
        let step = decoder.next(message.span, at: &offset)
        #expect(step == .data(ByteRange(0, 3)))
        let after = [decoder.bytesLeft == 0, decoder.isFinished]
        #expect(after == [true, true])
    }

    @Test func `trailers come as ranges of the bytes offered`() {
        let message = bytes("1\r\na\r\n0\r\nX-Sum: 42\r\nVia: x\r\n\r\nGET")
        var decoder = BodyDecoder()
        decoder.begin(.chunked)
        var offset = 0
        var step = decoder.next(message.span, at: &offset)
        #expect(step == .data(ByteRange(3, 4)))
        step = decoder.next(message.span, at: &offset)
        #expect(step == .finished)
        #expect(text(message[offset...]) == "GET")
        let trailers = seenFields(decoder.trailers, message)
        #expect(trailers.map(\.description) == ["X-Sum: 42", "Via: x"])
    }

    @Test func `a trailer section stays in the receive buffer until it is complete`() {
        #expect(
            self.steps(.chunked, ["0\r\nX: ", "y\r", "\n\r\n", "z"])
                == ["more", "more", "finished at 8", "finished at 0"])
    }

    @Test func `extensions are bounded over the whole message`() {
        let limits = BodyLimits(extensionBytesMax: 6)
        #expect(self.steps(.chunked, ["1;ab\r\nx\r\n0;a\r\n\r\n"], limits: limits).last == "finished at 16")
        #expect(
            self.steps(.chunked, ["1;ab\r\nx\r\n0;abc\r\n\r\n"], limits: limits).last == "chunk-extensions-too-large")
        #expect(
            self.steps(
                .chunked, ["1;\r\nx\r\n1;\r\nx\r\n1;\r\nx\r\n1;\r\nx\r\n1;\r\nx\r\n1;\r\nx\r\n1;\r\nx\r\n"],
                limits: limits
            )
            .last == "chunk-extensions-too-large")
    }

    @Test func `the largest size that an Int holds is read`() {
        #expect(self.steps(.chunked, ["7fffffffffffffff\r\nabc"]) == ["data abc", "more"])
        #expect(self.steps(.chunked, ["8000000000000000\r\nabc"]) == ["chunk-size-too-large"])
        #expect(self.steps(.chunked, ["0000000000000001\r\na"]) == ["data a", "more"])
    }

    @Test func `what failed stays failed`() {
        var decoder = BodyDecoder()
        decoder.begin(.chunked)
        let message = bytes("x1\r\n")
        var offset = 0
        let first = decoder.next(message.span, at: &offset)
        let second = decoder.next(message.span, at: &offset)
        let end = decoder.connectionEnded()
        #expect([first, second, end] == Array(repeating: .failed(.chunkSizeInvalid), count: 3))
        decoder.begin(.length(1))
        offset = 0
        let fresh = decoder.next(message.span, at: &offset)
        #expect(fresh == .data(ByteRange(0, 1)))
    }
}
