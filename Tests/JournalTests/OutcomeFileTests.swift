import Domain
import Glibc
import Journal
import TestKit
import Testing

/// What became of durable keys is there for whoever comes after, however its writer ended.
struct OutcomeFileTests {
    static func settlement(_ number: Int, _ ending: DurableSettlement.Ending = .release) -> DurableSettlement {
        DurableSettlement(
            claim: DurableClaim(
                orgID: "org_\(number)", environment: number % 2 == 0 ? .live : .test,
                apiKeyID: number % 3 == 0 ? "key_1" : "",
                request: ClaimRequest(
                    keyDigest: Array("digest\(number)".utf8), fingerprint: Array("print".utf8),
                    owner: Array("\(number)".utf8), requestID: Array("req_\(number)".utf8)),
                claimMs: 33_000, keepMs: 86_400_000, mayRepeat: number % 5 == 0),
            ending: ending)
    }

    static let all = [
        Self.settlement(1, .store(.response(status: 201, headers: Array("A: b\r\n".utf8), body: [0, 255, 10]))),
        Self.settlement(2, .store(.response(status: 204, headers: [], body: []))),
        Self.settlement(3, .store(.unreplayable(status: 200, length: 5_000_000_000, sha256: Array("abc".utf8)))),
        Self.settlement(5, .store(.failure(status: 502, slug: "upstream-truncated"))),
        Self.settlement(6),
    ]

    @Test func `everything that was appended is found by the next process, and only when the owner is dead`() throws {
        let test = try TestFolder(prefix: "tollgate-outcomes")
        defer { test.remove() }
        let folder = JournalFolder(test.path)
        var file: OutcomeFile? = try OutcomeFile.create(in: folder, deployment: "a b")
        for settlement in Self.all { #expect(file?.append(settlement) == true) }
        #expect(file?.append(Self.settlement(9, .prolong)) == false, "that means nothing once its gateway is dead")
        let path = try #require(folder.outcomes().first)
        #expect(try OutcomeFile.takeOver(path) == nil)
        file = nil
        let estate = try #require(try OutcomeFile.takeOver(path))
        #expect(estate.deployment == "a b")
        #expect(estate.settlements == Self.all)
        #expect(try OutcomeFile.takeOver(path) == nil, "one heir at a time")
        estate.file.remove()
        #expect(folder.outcomes().isEmpty)
    }

    @Test func `a file cut off anywhere gives what was whole before`() throws {
        let test = try TestFolder(prefix: "tollgate-outcomes")
        defer { test.remove() }
        let folder = JournalFolder(test.path)
        var ends: [Int] = []
        do {
            let file = try OutcomeFile.create(in: folder, deployment: "d")
            ends.append(file.bytes)
            for settlement in Self.all {
                #expect(file.append(settlement))
                ends.append(file.bytes)
            }
        }
        let path = try #require(folder.outcomes().first)
        for length in stride(from: ends[Self.all.count], through: ends[0], by: -1) {
            #expect(truncate(path, length) == 0)
            let whole = ends.count { $0 <= length } - 1
            #expect(try OutcomeFile.takeOver(path)?.settlements == Array(Self.all[..<whole]))
        }
        #expect(truncate(path, ends[0] - 1) == 0)
        #expect(throws: JournalError.self) { try OutcomeFile.takeOver(path) }
    }

    @Test func `a damaged record ends what is believed`() throws {
        let test = try TestFolder(prefix: "tollgate-outcomes")
        defer { test.remove() }
        let folder = JournalFolder(test.path)
        var end = 0
        do {
            let file = try OutcomeFile.create(in: folder, deployment: "d")
            #expect(file.append(Self.all[0]))
            end = file.bytes
            #expect(file.append(Self.all[2]))
        }
        let path = try #require(folder.outcomes().first)
        let descriptor = open(path, O_RDWR)
        var byte: UInt8 = 0x55
        #expect(pwrite(descriptor, &byte, 1, end + 20) == 1)
        close(descriptor)
        #expect(try OutcomeFile.takeOver(path)?.settlements == [Self.all[0]])
    }

    @Test func `an emptied file starts again behind its head`() throws {
        let test = try TestFolder(prefix: "tollgate-outcomes")
        defer { test.remove() }
        let folder = JournalFolder(test.path)
        do {
            let file = try OutcomeFile.create(in: folder, deployment: "d")
            for _ in 0..<10 { #expect(file.append(Self.all[0])) }
            file.empty()
            #expect(file.isEmpty)
            #expect(file.append(Self.all[3]))
        }
        let path = try #require(folder.outcomes().first)
        #expect(try OutcomeFile.takeOver(path)?.settlements == [Self.all[3]])
    }

    @Test func `a disk that does not take what was written is told of, and one that takes no more changes nothing`()
        throws
    {
        let test = try TestFolder(prefix: "tollgate-outcomes")
        defer { test.remove() }
        let folder = JournalFolder(test.path)
        let file = try OutcomeFile.create(in: folder, deployment: "d")
        #expect(file.append(Self.all[0]))
        #expect(file.flush() == nil)
        let broken = try BrokenFile(file.path)
        #expect(file.flush()?.code == EINVAL)
        let bytes = file.bytes
        #expect(!file.append(Self.all[1]))
        #expect(file.bytes == bytes)
        withExtendedLifetime(broken) {}
    }
}
