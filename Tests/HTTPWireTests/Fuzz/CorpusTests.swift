import HTTPWire
import Testing

@Suite struct CorpusTests {
    @Test func `the corpus is there`() {
        #expect(CorpusFile.all.count >= 60)
        #expect(CorpusFile.all.contains { !$0.isRequest })
    }

    @Test(arguments: CorpusFile.all)
    func `every kept message is read or refused as its name says`(file: CorpusFile) {
        let seen = read(file.bytes, file.side)
        if let error = file.error {
            #expect(seen.end == .failed(error))
        } else {
            #expect(file.name.hasPrefix("ok-"), "no error is called \(file.name)")
            #expect(!seen.messages.isEmpty)
            #expect(seen.end == .clean || seen.end == .closed || seen.messages.last?.framing == .untilClose)
        }
    }

    @Test(arguments: CorpusFile.all)
    func `every kept message is read alike wherever it is cut`(file: CorpusFile) {
        expectSameWhenSplit(file.bytes, file.side)
    }

    @Test(arguments: CorpusFile.all.filter { $0.error == nil })
    func `every kept message reads back the same after it was forwarded`(file: CorpusFile) {
        expectForwardedAlike(file.bytes, isRequest: file.isRequest)
    }
}
