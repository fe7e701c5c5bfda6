import HTTPWire
import Testing

@Suite struct SmugglingTableTests {
    @Test(arguments: SmugglingRow.all)
    func `PX-2 each row of the smuggling table is refused or read as required`(row: SmugglingRow) {
        let seen = read(bytes(row.input))
        switch row.outcome {
        case .refused(let error, let status):
            #expect(seen.end == .failed(error))
            #expect(seen.messages.isEmpty)
            #expect(error.status == status)
            #expect(error.closesConnection)
        case .accepted(let framing):
            #expect(seen.messages.count == 1)
            #expect(seen.messages.first?.framing == framing)
            #expect(seen.end == .clean || seen.end == .closed)
        }
    }

    @Test(arguments: SmugglingRow.all.filter { $0.input.utf8.count < 600 })
    func `PX-2 each row gives the same answer wherever its bytes are cut`(row: SmugglingRow) {
        expectSameWhenSplit(bytes(row.input))
    }

    @Test func `every error has a name and a sentence of its own`() {
        var sentences: [String: WireError] = [:]
        for error in WireError.allCases {
            let sentence = "\(error.explanation)"
            #expect(sentence.hasSuffix("."), "\(error)")
            #expect(sentences.updateValue(error, forKey: sentence) == nil, "\(error) shares its sentence")
            #expect(
                error.rawValue.utf8.allSatisfy {
                    $0 == 0x2D || (0x30...0x39).contains($0) || (0x61...0x7A).contains($0)
                })
            #expect([400, 414, 417, 431, 501, 502, 505].contains(error.status))
        }
    }

    @Test func `every error that a request can meet has a row`() {
        let onlyElsewhere: Set<WireError> = [.statusLineMalformed, .startLineTooLong, .fieldsTooMany, .bodyTruncated]
        let covered = Set(
            SmugglingRow.all.compactMap { row -> WireError? in
                if case .refused(let error, _) = row.outcome { error } else { nil }
            })
        let missing = Set(WireError.allCases).subtracting(covered).subtracting(onlyElsewhere)
        #expect(missing == [.connectionOptionsTooMany])
    }
}
