import Glibc

/// Unpredictable bytes from the kernel: keys, secrets, salts. Not for request ids, which need speed, not secrecy.
public enum SecureRandom {
    /// So many fresh random bytes.
    public static func bytes(_ count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
            room.initialize(repeating: 0)
            self.fill(UnsafeMutableRawBufferPointer(room))
            initialized = count
        }
    }

    /// One random byte: a source for what takes its randomness as a closure.
    public static func byte() -> UInt8 {
        var byte: UInt8 = 0
        withUnsafeMutableBytes(of: &byte) { self.fill($0) }
        return byte
    }

    /// Overwrites a buffer with random bytes.
    ///
    /// `getentropy` fails only where the kernel lacks it or a sandbox forbids it; the standard library's generator, which
    /// is as strong, then takes over with the kernel's device.
    public static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        // One call gives at most 256 bytes.
        for start in stride(from: 0, to: buffer.count, by: 256) {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[start..<min(start + 256, buffer.count)])
            guard let base = part.baseAddress, getentropy(base, part.count) != 0 else { continue }
            var generator = SystemRandomNumberGenerator()
            for index in part.indices { part[index] = generator.next() }
        }
    }
}
