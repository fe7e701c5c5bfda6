import HTTPWire
import Testing

@Suite struct DifferentialTests {
    private static let cases = isFullRun ? 500_000 : 5_000

    @Test func `requests are read as llhttp reads them, or the difference has a name`() throws {
        try self.compare(seed: 0x7011_6A7E, side: { _ in .requests }, next: { $0.requests() })
    }

    @Test func `responses are read as llhttp reads them, or the difference has a name`() throws {
        try self.compare(
            seed: 0x5E5_90A5E, side: { $0.random.chance(15) ? .responses(.head) : .responses(.get) },
            next: { $0.responses() })
    }

    private func compare(
        seed: UInt64, side: (inout MessageGenerator) -> ConnectionReader.Side, next: (inout MessageGenerator) -> [UInt8]
    ) throws {
        var generator = MessageGenerator(seed: seed)
        var counts: [String: Int] = [:]
        var unexplained = 0
        for index in 0..<Self.cases {
            let side = side(&generator)
            let message = next(&generator)
            let isRequest = if case .requests = side { true } else { false }
            let (ours, seen) = ourReading(message, side)
            let theirs = try nioReading(message, side)
            let difference = Difference(message, ours, seen, theirs, isRequest: isRequest)
            let agreed = ours.messages.isEmpty ? "both refused or incomplete" : "same messages"
            counts[difference?.rawValue ?? agreed, default: 0] += 1
            guard difference == .unexplained else { continue }
            unexplained += 1
            let kind =
                "UNEXPLAINED \(isRequest) ours \(ours.messages.count) \(seen.end) theirs \(theirs.messages.count) \(theirs.error ?? "-")"
            counts[kind, default: 0] += 1
            if counts[kind, default: 0] > 1 { continue }
            Issue.record("\(kind), case \(index) of seed \(seed), \(side): \(text(message).debugDescription)")
        }
        print("compared with llhttp, seed \(seed): \(Self.cases) cases")
        for (name, count) in counts.sorted(by: { $0.value > $1.value }) { print("  \(count)  \(name)") }
        #expect(unexplained == 0)
    }
}
