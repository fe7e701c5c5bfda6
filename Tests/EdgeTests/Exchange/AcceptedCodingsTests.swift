import NIOCore
import Testing

@testable import Edge

/// What a client takes, and what is done to a stored body for it.
@Suite struct AcceptedCodingsTests {
    private static func codings(_ lines: [String]) -> AcceptedCodings {
        var codings = AcceptedCodings()
        for line in lines { codings.readLine(Array(line.utf8).span) }
        return codings
    }

    @Test(
        arguments: [
            ([], true, true), (["gzip"], true, false), (["GZIP ; Q=0.001"], true, false), (["gzip;q=0"], false, false),
            (["*"], true, true), (["*;q=0"], false, false), (["gzip;q=0, *"], false, true),
            (["br", "gzip"], true, true),
            ([""], false, false), (["identity"], false, false), ([" , ,x-gzip,"], true, false),
            (["gzip;q=0.0", "br;q=1"], false, true), (["gzip;q=", "br;q=x"], true, true),
        ] as [([String], Bool, Bool)])
    func `a coding is taken where it is named or nothing speaks against it`(
        _ lines: [String], _ gzip: Bool, _ br: Bool
    ) {
        let codings = Self.codings(lines)
        #expect(codings.accepts(.gzip) == gzip)
        #expect(codings.accepts(.br) == br)
    }

    @Test func `several codings are delivered only to who takes all of them`() {
        let head = StoredHead(
            ByteBuffer(string: "A: b\r\ncontent-ENCODING: gzip ,identity\r\nContent-Encoding: br\r\n"))
        #expect(head.codings == [.gzip, .br])
        #expect(head.delivery(to: Self.codings(["gzip, br"])) == .asStored)
        #expect(head.delivery(to: Self.codings(["gzip"])) == .impossible)
        let single = StoredHead(ByteBuffer(string: "Content-Encoding: gzip\r\n"))
        #expect(single.delivery(to: Self.codings(["br"])) == .decoded)
        #expect(StoredHead(ByteBuffer()).delivery(to: Self.codings(["identity"])) == .asStored)
    }

    @Test func `decoding is bounded, and refuses what is broken or cut off`() {
        #expect(ContentInflater.decode(ByteBuffer(bytes: ReplayedAnswerTests.gzip))?.readableBytes == 312)
        #expect(ContentInflater.decode(ByteBuffer(bytes: ReplayedAnswerTests.gzip), decodedBytesMax: 311) == nil)
        for count in 0..<ReplayedAnswerTests.gzip.count {
            #expect(
                ContentInflater.decode(ByteBuffer(bytes: ReplayedAnswerTests.gzip.prefix(count))) == nil,
                "\(count) bytes")
        }
        let two = ContentInflater.decode(ByteBuffer(bytes: ReplayedAnswerTests.gzip + ReplayedAnswerTests.gzip))
        #expect(two.map { String(buffer: $0) } == ReplayedAnswerTests.plain + ReplayedAnswerTests.plain)
    }
}
