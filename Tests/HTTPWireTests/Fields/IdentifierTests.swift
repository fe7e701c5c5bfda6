import HTTPWire
import NIOCore
import Testing

@Suite struct IdentifierTests {
    @Test func `request ids are req_ and 26 characters, sorted by time, never twice`() {
        var random = FastRandom(seed: 3)
        let ids = (0..<2000).map { RequestID(nowMs: 1_900_000_000_000 + Int64($0), using: &random).description }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
        let alphabet = Set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        for id in ids {
            #expect(id.count == 30 && id.hasPrefix("req_"))
            #expect(id.dropFirst(4).allSatisfy(alphabet.contains))
            #expect(RequestID.isAcceptable(fromCaller: id.utf8.span) == true)
        }
    }

    @Test func `ids of records have their own prefix`() {
        var random = FastRandom(seed: 3)
        let id = SortableID(nowMs: 1_469_922_850_259, using: &random)
        #expect(id.ms == 1_469_922_850_259)
        #expect(id.string(prefix: "org_").hasPrefix("org_01ARZ3NDEK"))
        #expect(FieldTesting.render { id.append(prefix: "job_", to: &$0) } == id.string(prefix: "job_"))
    }

    @Test func `every bit has its place in the text`() {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            let bits = UInt128(random.next()) << 64 | UInt128(random.next())
            var expected = [UInt8](repeating: 0, count: 26)
            var rest = bits
            for place in stride(from: 25, through: 0, by: -1) {
                expected[place] = alphabet[Int(rest % 32)]
                rest /= 32
            }
            let text = SortableID(bits: bits).text
            #expect((0..<26).map { text[$0] } == expected, "seed \(seed)")
        }
        #expect(SortableID(bits: .max).string(prefix: "") == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ")
        #expect(SortableID(bits: 0) < SortableID(bits: 1))
    }

    @Test func `times outside 48 bits do not trap`() {
        var random = FastRandom(seed: 3)
        #expect(SortableID(nowMs: -1, using: &random).ms == 0)
        #expect(SortableID(nowMs: (1 << 48) - 1, using: &random).ms == (1 << 48) - 1)
        _ = SortableID(nowMs: .max, using: &random)
    }

    @Test func `a seed fixes the sequence, and the kernel's seeds differ`() {
        var first = FastRandom(seed: 42)
        var second = FastRandom(seed: 42)
        var other = FastRandom(seed: 43)
        let sequence = (0..<100).map { _ in first.next() }
        #expect(sequence == (0..<100).map { _ in second.next() })
        #expect(sequence != (0..<100).map { _ in other.next() })
        #expect(Set(sequence).count == 100)
        var kernel = FastRandom()
        var another = FastRandom()
        #expect((kernel.next(), kernel.next()) != (another.next(), another.next()))
    }

    @Test func `each bit is set about half of the time`() {
        var random = FastRandom(seed: 5)
        var counts = [Int](repeating: 0, count: 64)
        for _ in 0..<4000 {
            let word = random.next()
            for bit in 0..<64 where word >> UInt64(bit) & 1 == 1 { counts[bit] += 1 }
        }
        for bit in 0..<64 { #expect((1800...2200).contains(counts[bit]), "bit \(bit): \(counts[bit])") }
    }

    @Test func `a caller's id is taken only if it is harmless in a log`() {
        func accepted(_ text: String) -> Bool { RequestID.isAcceptable(fromCaller: text.utf8.span) }
        #expect(accepted("a"))
        #expect(accepted("4bf92f35-77b3_4da6.A"))
        #expect(accepted(String(repeating: "x", count: 128)))
        for text in [
            "", " ", "a b", "a\n", "a\"b", "a/b", "a:b", "\u{e9}", "${jndi}", String(repeating: "x", count: 129),
        ] {
            #expect(!accepted(text), "\(text)")
        }
    }
}
