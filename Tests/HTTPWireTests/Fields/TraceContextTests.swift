import HTTPWire
import NIOCore
import Testing

@Suite struct TraceContextTests {
    static let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-01"

    private func reread(_ value: String) -> String? {
        guard let parent = TraceParent(value.utf8.span) else { return nil }
        return FieldTesting.render { parent.append(to: &$0) }
    }

    private func state(_ value: String) -> String? {
        var buffer = ByteBuffer()
        return TraceState.append(value.utf8.span, to: &buffer) ? String(buffer: buffer) : nil
    }

    @Test(arguments: [
        (Self.valid, Self.valid),
        (
            "00-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-00"
        ),
        (
            "00-00000000000000000000000000000001-0000000000000001-03",
            "00-00000000000000000000000000000001-0000000000000001-03"
        ),
        (
            "00-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-ff",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-03"
        ),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-01", Self.valid),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-01-what-the-future-is", Self.valid),
        ("01-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-01-", Self.valid),
    ])
    func `OB-1 valid parents are sent on as version 00`(value: String, sent: String) {
        #expect(reread(value) == sent)
    }

    @Test(arguments: [
        "", "00", "00-4BF92F3577B34DA6A3CE929D0E0E4736-d75597dee50b0cac-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-D75597DEE50B0CAC-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-0A",
        "00-00000000000000000000000000000000-d75597dee50b0cac-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-011",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-01-",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-01",
        "FF-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-01x",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-0",
        "0-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-011",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_d75597dee50b0cac-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac_01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-d75597dee50b0cac-01",
        " 00-4bf92f3577b34da6a3ce929d0e0e4736-d75597dee50b0cac-01",
    ])
    func `OB-1 invalid parents are ignored`(value: String) {
        #expect(reread(value) == nil)
    }

    @Test func `parts are read where they stand`() throws {
        let parent = try #require(TraceParent(Self.valid.utf8.span) as TraceParent?)
        #expect(parent.traceHigh == 0x4bf9_2f35_77b3_4da6)
        #expect(parent.traceLow == 0xa3ce_929d_0e0e_4736)
        #expect(parent.span == 0xd755_97de_e50b_0cac)
        #expect(parent.isSampled)
        #expect(FieldTesting.render { parent.appendTraceID(to: &$0) } == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(FieldTesting.render { parent.appendSpanID(to: &$0) } == "d75597dee50b0cac")
        #expect(TraceParent(traceHigh: 0, traceLow: 0, span: 1, flags: 0) == nil)
        #expect(TraceParent(traceHigh: 0, traceLow: 1, span: 0, flags: 0) == nil)
    }

    @Test func `a fresh trace is new, and a child stays in its trace`() {
        var random = FastRandom(seed: 7)
        let first = TraceParent.fresh(sampled: true, using: &random)
        let second = TraceParent.fresh(sampled: false, using: &random)
        let child = first.child(using: &random)
        #expect(first.isSampled && !second.isSampled)
        #expect(first.flags == 0b11 && second.flags == 0b10)
        #expect((first.traceHigh, first.traceLow) != (second.traceHigh, second.traceLow))
        #expect((child.traceHigh, child.traceLow, child.flags) == (first.traceHigh, first.traceLow, first.flags))
        #expect(child.span != first.span)
    }

    @Test func `OB-1 parents round trip, and mutated ones never trap`() {
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            let parent = TraceParent.fresh(sampled: random.next() & 1 == 0, using: &random)
            let text = FieldTesting.render { parent.append(to: &$0) }
            #expect(text.utf8.count == 55)
            #expect(TraceParent(text.utf8.span) == parent, "seed \(seed)")
            let mutated = FieldTesting.mutated(text, &random)
            if let reread = TraceParent(mutated.span) {
                #expect(FieldTesting.bytes { reread.append(to: &$0) }.count == 55, "seed \(seed)")
            }
        }
    }

    @Test(arguments: [
        ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        (" a=1 ,\tb=2 ", "a=1,b=2"),
        ("a=1,,b=2,", "a=1,b=2"),
        ("fw529a3039@dt=x;y:z", "fw529a3039@dt=x;y:z"),
        ("0a/b*c-d_e=v", "0a/b*c-d_e=v"),
        ("a=b c", "a=b c"),
    ])
    func `tracestate entries keep their order`(value: String, sent: String) {
        #expect(state(value) == sent)
    }

    @Test(arguments: [
        "", ",", "a", "=1", "a=", "A=1", "a b=1", "_a=1", "@a=1", "a=1=2", "a=1,a=2", "a=\u{e9}", "a=1\u{7f}",
        "a=1;b\u{1}",
    ])
    func `a tracestate that is not valid is dropped whole`(value: String) {
        #expect(state(value) == nil)
    }

    @Test func `32 entries are sent on, 33 are not`() {
        let entries = (0..<33).map { "k\($0)=v" }
        #expect(state(entries[..<32].joined(separator: ",")) == entries[..<32].joined(separator: ","))
        #expect(state(entries.joined(separator: ",")) == nil)
        #expect(state("k=" + String(repeating: "v", count: 257)) == nil)
        #expect(state(String(repeating: "k", count: 257) + "=v") == nil)
    }

    @Test func `beyond 512 bytes long entries go first, then the rightmost`() {
        let long = "long=" + String(repeating: "v", count: 200)
        let short = (0..<20).map { "k\($0)=" + String(repeating: "v", count: 16) }
        let sent = state(([short[0], long] + short[1...]).joined(separator: ","))
        #expect(sent == short.joined(separator: ","))
        let many = (0..<32).map { "key\($0)=" + String(repeating: "v", count: 20) }
        let kept = state(many.joined(separator: ",")) ?? ""
        #expect(kept.utf8.count <= 512)
        #expect(kept.split(separator: ",").map(String.init) == Array(many[..<(kept.split(separator: ",").count)]))
        #expect(kept.utf8.count + 1 + many[0].utf8.count > 512)
        let exact = ["a=" + String(repeating: "v", count: 254), "b=" + String(repeating: "v", count: 253)]
        #expect(state(exact.joined(separator: ",")) == exact.joined(separator: ","))
    }

    @Test func `our entry comes first and replaces an older one`() {
        func update(_ value: String) -> String {
            FieldTesting.render {
                TraceState.append(value.utf8.span, key: "gw".utf8.span, ours: "x1".utf8.span, to: &$0)
            }
        }
        #expect(update("a=1,gw=old,b=2") == "gw=x1,a=1,b=2")
        #expect(update("") == "gw=x1")
        #expect(update("not valid") == "gw=x1")
        let full = (0..<32).map { "k\($0)=v" }
        #expect(update(full.joined(separator: ",")) == "gw=x1," + full[..<31].joined(separator: ","))
        let long = (0..<32).map { "k\($0)=" + String(repeating: "v", count: 30) }
        #expect(update(long.joined(separator: ",")).utf8.count <= 512)
    }

    @Test func `tracestate never traps, and what it sends is valid`() {
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            let value = FieldTesting.bytes(of: "abc=,= 12@/", upTo: 60, &random)
            var buffer = ByteBuffer()
            guard TraceState.append(value.span, to: &buffer) else {
                #expect(buffer.readableBytes == 0, "seed \(seed)")
                continue
            }
            let once = String(buffer: buffer)
            #expect(state(once) == once, "seed \(seed)")
        }
    }

    @Test func `baggage passes whole members within the bounds`() {
        func pass(_ value: String) -> String {
            FieldTesting.render { Baggage.append(value.utf8.span, to: &$0) }
        }
        #expect(pass("k=v;prop, k2=v2") == "k=v;prop,k2=v2")
        #expect(pass("k = v ; p = 1 ") == "k = v ; p = 1")
        #expect(pass("k=,b=%20x") == "k=,b=%20x")
        #expect(pass("novalue,=x,k y=1,ok=1,q=\"x\",z=a b") == "ok=1")
        #expect(pass("") == "")
        let members = (0..<65).map { "k\($0)=v" }
        #expect(pass(members.joined(separator: ",")) == members[..<64].joined(separator: ","))
        let big = "a=" + String(repeating: "v", count: 8190)
        #expect(pass(big) == big)
        #expect(pass(big + "v") == "")
        #expect(pass("x=1," + big) == "x=1")
        for seed in 0..<FieldTesting.cases {
            var random = FastRandom(seed: seed)
            let value = FieldTesting.bytes(of: "abc=,; ", upTo: 60, &random)
            let once = FieldTesting.render { Baggage.append(value.span, to: &$0) }
            #expect(pass(once) == once, "seed \(seed)")
        }
    }
}
