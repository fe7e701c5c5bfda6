import Glibc

/// Standard error, a whole line at a time: lines of at most 4 KiB from several threads never mix (POSIX pipes), and
/// longer ones only with luck.
enum LogSink {
    static func write(_ line: String, to descriptor: Int32 = 2) {
        var line = line
        line.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let base = rest.baseAddress, !rest.isEmpty {
                let count = Glibc.write(descriptor, base, rest.count)
                if count < 0, errno == EINTR { continue }
                // Nobody is left to tell that it cannot be written.
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}
