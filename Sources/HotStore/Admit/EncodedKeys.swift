import NIOCore
import RedisClient

/// Keys of a command, encoded but for the addresses that only a request brings.
struct EncodedKeys {
    private(set) var count = 0
    /// Names that come before those with an address, and after them.
    private var before = ByteBuffer()
    private var addressed: [(prefix: [UInt8], suffix: [UInt8])] = []
    private var after = ByteBuffer()

    mutating func add(_ name: String) {
        self.count += 1
        if self.addressed.isEmpty {
            RESPWriter.append(name, into: &self.before)
        } else {
            RESPWriter.append(name, into: &self.after)
        }
    }

    /// A name with the client's address in the middle. They follow one another.
    mutating func add(prefix: String, suffix: String) {
        self.count += 1
        self.addressed.append((Array(prefix.utf8), Array(suffix.utf8)))
    }

    /// Without addresses this is one copy.
    func append(address: ByteBuffer?, into output: inout ByteBuffer) {
        output.writeImmutableBuffer(self.before)
        guard !self.addressed.isEmpty else { return }
        for name in self.addressed {
            let length = name.prefix.count + (address?.readableBytes ?? 0) + name.suffix.count
            output.writeStaticString("$")
            output.writeDecimal(length)
            output.writeStaticString("\r\n")
            output.writeBytes(name.prefix)
            if let address { output.writeImmutableBuffer(address) }
            output.writeBytes(name.suffix)
            output.writeStaticString("\r\n")
        }
        output.writeImmutableBuffer(self.after)
    }
}

extension ByteBuffer {
    /// A number ≥ 0 in decimal digits.
    mutating func writeDecimal(_ number: Int) {
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        withUnsafeMutableBytes(of: &digits) { space in
            var (position, rest) = (space.count, number.magnitude)
            repeat {
                position -= 1
                space[position] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            self.writeBytes(UnsafeRawBufferPointer(rebasing: space[position...]))
        }
    }
}
