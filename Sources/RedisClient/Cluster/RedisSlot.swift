/// The slot of a key in a Redis Cluster: CRC-16 (XMODEM) of the key modulo 16384; or of what stands between its first `{`
/// and the next `}`, where that is anything, so that keys that belong together lie together.
public enum RedisSlot {
    public static let count = 16_384

    public static func of(_ key: String) -> Int {
        var key = key
        return key.withUTF8 { Self.of(UnsafeRawBufferPointer($0)) }
    }

    public static func of(_ key: [UInt8]) -> Int { key.withUnsafeBytes { Self.of($0) } }

    public static func of(_ key: UnsafeRawBufferPointer) -> Int { Int(Self.crc16(Self.tag(key))) % Self.count }

    private static func tag(_ key: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return key }
        let rest = UnsafeRawBufferPointer(rebasing: key[(open + 1)...])
        guard let close = rest.firstIndex(of: UInt8(ascii: "}")), close > 0 else { return key }
        return UnsafeRawBufferPointer(rebasing: rest[..<close])
    }

    static func crc16(_ bytes: UnsafeRawBufferPointer) -> UInt16 {
        var crc: UInt16 = 0
        for byte in bytes { crc = crc << 8 ^ Self.table[Int(UInt8(crc >> 8) ^ byte)] }
        return crc
    }

    private static let table: [UInt16] = (0..<256).map { byte in
        var crc = UInt16(byte) << 8
        for _ in 0..<8 { crc = crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021 }
        return crc
    }
}
