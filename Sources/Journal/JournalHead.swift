import Glibc

/// The first page of a journal.
struct JournalHead {
    let id: String
    let deployment: String
    let regions: Int
    let regionBytes: Int

    var bytes: Int { JournalLayout.headBytes + self.regions * self.regionBytes }

    init(id: String, deployment: String, regions: Int, regionBytes: Int) {
        self.id = id
        self.deployment = deployment
        self.regions = regions
        self.regionBytes = regionBytes
    }

    /// Reads and checks a page; nil when it is none of ours or damaged.
    init?(_ base: UnsafeMutableRawPointer) {
        guard base.loadUnaligned(as: UInt64.self).littleEndian == JournalLayout.magic,
            base.loadUnaligned(fromByteOffset: 8, as: UInt32.self).littleEndian == JournalLayout.version,
            base.loadUnaligned(fromByteOffset: JournalLayout.headBytes - 4, as: UInt32.self).littleEndian
                == Self.checksum(base)
        else { return nil }
        let regions = Int(base.loadUnaligned(fromByteOffset: 12, as: UInt32.self).littleEndian)
        let regionBytes = base.loadUnaligned(fromByteOffset: 16, as: UInt64.self).littleEndian
        guard regions > 0, regions <= 65_536, regionBytes >= UInt64(JournalFile.regionBytesMin),
            regionBytes <= 1 << 32, regionBytes % 4096 == 0
        else { return nil }
        let length = Int(base.loadUnaligned(fromByteOffset: 64, as: UInt16.self).littleEndian)
        guard length <= JournalLayout.deploymentBytesMax else { return nil }
        self.regions = regions
        self.regionBytes = Int(regionBytes)
        self.id = Self.text(base + 32, JournalLayout.idBytes)
        self.deployment = Self.text(base + 66, length)
    }

    /// Writes the page, which is all zeros.
    func write(to base: UnsafeMutableRawPointer) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let madeAtMs = UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec / 1_000_000)
        base.storeBytes(of: JournalLayout.magic.littleEndian, as: UInt64.self)
        base.storeBytes(of: JournalLayout.version.littleEndian, toByteOffset: 8, as: UInt32.self)
        base.storeBytes(of: UInt32(self.regions).littleEndian, toByteOffset: 12, as: UInt32.self)
        base.storeBytes(of: UInt64(self.regionBytes).littleEndian, toByteOffset: 16, as: UInt64.self)
        base.storeBytes(of: madeAtMs.littleEndian, toByteOffset: 24, as: UInt64.self)
        (base + 32).copyBytes(self.id, max: JournalLayout.idBytes)
        base.storeBytes(of: UInt16(self.deployment.utf8.count).littleEndian, toByteOffset: 64, as: UInt16.self)
        (base + 66).copyBytes(self.deployment, max: JournalLayout.deploymentBytesMax)
        base.storeBytes(
            of: Self.checksum(base).littleEndian, toByteOffset: JournalLayout.headBytes - 4, as: UInt32.self)
    }

    private static func checksum(_ base: UnsafeMutableRawPointer) -> UInt32 {
        JournalLayout.checksum(UnsafeRawBufferPointer(start: base, count: JournalLayout.headBytes - 4))
    }

    private static func text(_ start: UnsafeMutableRawPointer, _ count: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: start, count: count).prefix { $0 != 0 }, as: UTF8.self)
    }
}

extension UnsafeMutableRawPointer {
    /// Copies a text's bytes, `max` at most.
    func copyBytes(_ text: String, max: Int) {
        var offset = 0
        for byte in text.utf8.prefix(max) {
            self.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
            offset += 1
        }
    }
}
