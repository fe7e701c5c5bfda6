import CHiredis
import NIOCore

/// hiredis's own formatter, for cold paths: it allocates, which ``RESPWriter`` does not. Tests hold the two against
/// each other.
enum RedisFormatter {
    /// Appends one complete command. False, and nothing appended, when there are no arguments or hiredis cannot format
    /// them (out of memory, more than 2 GiB).
    static func append(_ arguments: [RedisArgument], into output: inout ByteBuffer) -> Bool {
        guard !arguments.isEmpty, let count = Int32(exactly: arguments.count) else { return false }
        var (bytes, lengths): ([UInt8], [Int]) = ([], [])
        for argument in arguments {
            let wire = argument.wireBytes
            bytes += wire
            lengths.append(wire.count)
        }
        bytes.append(0)  // so that the base address exists even if every argument is empty
        return bytes.withUnsafeBytes { all in
            guard let base = all.baseAddress?.assumingMemoryBound(to: CChar.self) else { return false }
            var starts: [UnsafePointer<CChar>?] = []
            var offset = 0
            for length in lengths {
                starts.append(base + offset)
                offset += length
            }
            var formatted: UnsafeMutablePointer<CChar>?
            let length = redisFormatCommandArgv(&formatted, count, &starts, &lengths)
            defer { redisFreeCommand(formatted) }
            guard length > 0, let formatted else { return false }
            output.writeBytes(UnsafeRawBufferPointer(start: formatted, count: Int(length)))
            return true
        }
    }
}
