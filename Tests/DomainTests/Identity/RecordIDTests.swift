import Testing

@testable import Domain

@Suite struct RecordIDTests {
    @Test func `the ULID of the specification's time and all-ones randomness`() {
        // 01ARZ3NDEK is the time of the ULID specification's example, 1469922850259 ms.
        #expect(
            RecordID.make(prefix: "org_", nowMs: 1_469_922_850_259) { 0xFF } == "org_01ARZ3NDEKZZZZZZZZZZZZZZZZ")
        #expect(RecordID.make(prefix: "", nowMs: 0) { 0 } == "00000000000000000000000000")
        #expect(RecordID.make(prefix: "", nowMs: 0xFFFF_FFFF_FFFF) { 0xFF } == "7ZZZZZZZZZZZZZZZZZZZZZZZZZ")
    }

    @Test func `every bit of randomness reaches the id`() {
        var seen = Set<String>()
        for position in 0..<80 {
            var call = 0
            let id = RecordID.make(prefix: "k_", nowMs: 5) {
                defer { call += 1 }
                return call == position / 8 ? 1 << UInt8(position % 8) : 0
            }
            #expect(call == 10 && RecordID.isValid(id, prefix: "k_"))
            seen.insert(id)
        }
        #expect(seen.count == 80)
    }

    @Test func `ids sort by the time they were made`() {
        var random = SeededBytes(seed: 11)
        var previous = ""
        for step in 0..<2_000 {
            let id = RecordID.make(prefix: "job_", nowMs: 1_700_000_000_000 + step * 7) { random.byte() }
            #expect(previous < id && id.utf8.count == 30)
            previous = id
        }
    }

    @Test func `validity is the prefix and 26 digits of the alphabet`() {
        #expect(RecordID.isValid("org_01ARZ3NDEKTSV4RRFFQ69G5FAV", prefix: "org_"))
        for id in [
            "org_81ARZ3NDEKTSV4RRFFQ69G5FAV", "org_01ARZ3NDEKTSV4RRFFQ69G5FA", "org_01ARZ3NDEKTSV4RRFFQ69G5FAVV",
            "key_01ARZ3NDEKTSV4RRFFQ69G5FAV", "org_01ARZ3NDEKTSV4RRFFQ69G5FAI", "org_01arz3ndektsv4rrffq69g5fav",
        ] { #expect(!RecordID.isValid(id, prefix: "org_"), "\(id)") }
    }
}
