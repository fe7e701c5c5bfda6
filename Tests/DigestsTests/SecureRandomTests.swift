import Digests
import Testing

@Suite struct SecureRandomTests {
    @Test(arguments: [-1, 0, 1, 7, 255, 256, 257, 1000])
    func `as many bytes as asked for`(count: Int) {
        #expect(SecureRandom.bytes(count).count == max(0, count))
    }

    @Test func `every part of a large buffer is filled, and no two are alike`() {
        let bytes = SecureRandom.bytes(4096)
        for start in stride(from: 0, to: 4096, by: 64) {
            #expect(bytes[start..<(start + 64)].contains { $0 != 0 }, "64 zero bytes at \(start)")
        }
        #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
        #expect(Set(bytes).count == 256)
    }

    @Test func `record ids sort by time and cannot be confused`() {
        let ids = (0..<500).map { RecordID.make(prefix: "org_", nowMs: 1_900_000_000_000 + Int64($0)) }
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == 500)
        for id in ids {
            #expect(RecordID.isValid(id, prefix: "org_"))
            #expect(!RecordID.isValid(id, prefix: "key_"))
        }
        #expect(RecordID.make(prefix: "job_", nowMs: 0).hasPrefix("job_0000000000"))
        #expect(RecordID.make(prefix: "job_", nowMs: -5).hasPrefix("job_0000000000"))
        #expect(RecordID.isValid(RecordID.make(prefix: "", nowMs: (1 << 48) - 1), prefix: ""))
        #expect(!RecordID.isValid("org_0123456789ABCDEFGHJKMNPQR", prefix: "org_"))
        #expect(!RecordID.isValid("org_0123456789ABCDEFGHJKMNPQRU", prefix: "org_"))
        #expect(!RecordID.isValid("org_8123456789ABCDEFGHJKMNPQRS", prefix: "org_"))
    }

    @Test func `record ids carry the time as ULIDs do`() {
        // The millisecond of the ULID specification's example, 01ARZ3NDEK….
        #expect(RecordID.make(prefix: "", nowMs: 1_469_922_850_259).hasPrefix("01ARZ3NDEK"))
    }
}
