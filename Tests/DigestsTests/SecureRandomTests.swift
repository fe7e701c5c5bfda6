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

    @Test func `single bytes take all values`() {
        #expect(Set((0..<8192).map { _ in SecureRandom.byte() }).count == 256)
    }
}
