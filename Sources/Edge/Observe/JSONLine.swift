import NIOCore

/// One JSON object on one line, member by member.
struct JSONLine {
    private var bytes = ByteBuffer(bytes: [UInt8(ascii: "{")])

    mutating func add(_ name: StaticString, _ value: Substring) {
        self.name(name)
        self.bytes.writeInteger(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                self.bytes.writeInteger(UInt8(ascii: "\\"))
                self.bytes.writeInteger(byte)
            case 0..<0x20, 0x7f:
                let digits = String(byte, radix: 16)
                self.bytes.writeString("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            default:
                self.bytes.writeInteger(byte)
            }
        }
        self.bytes.writeInteger(UInt8(ascii: "\""))
    }

    mutating func add(_ name: StaticString, _ value: Int) {
        self.name(name)
        self.bytes.writeString(String(value))
    }

    /// Nanoseconds as decimal seconds with six places.
    mutating func add(_ name: StaticString, seconds nanoseconds: Int) {
        self.name(name)
        let micros = nanoseconds / 1000
        let fraction = String(micros % 1_000_000)
        self.bytes.writeString("\(micros / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)")
    }

    mutating func finish(into output: inout ByteBuffer) {
        self.bytes.writeString("}\n")
        output.writeBuffer(&self.bytes)
    }

    private mutating func name(_ name: StaticString) {
        if self.bytes.readableBytes > 1 { self.bytes.writeInteger(UInt8(ascii: ",")) }
        self.bytes.writeInteger(UInt8(ascii: "\""))
        self.bytes.writeStaticString(name)
        self.bytes.writeStaticString("\":")
    }
}
