// Eight bytes at a time. A `UInt64` is read as eight lanes of one byte, the first byte of the message in the lowest
// lane. Every function answers with bit 7 of each lane that matches and all other bits clear. The sums below work on
// seven bits a lane, so no lane carries into its neighbour and every answer is exact, not only its lowest bit.
extension UInt64 {
    @inline(__always) private static var sevenBits: UInt64 { 0x7F7F_7F7F_7F7F_7F7F }
    @inline(__always) private static var topBits: UInt64 { 0x8080_8080_8080_8080 }

    /// `byte` in all eight lanes.
    @inline(__always) static func lanes(_ byte: UInt8) -> UInt64 { 0x0101_0101_0101_0101 &* UInt64(byte) }

    /// Lanes that hold `byte`.
    @inline(__always) func lanes(equal byte: UInt8) -> UInt64 {
        let difference = self ^ .lanes(byte)
        return ~((difference & Self.sevenBits) &+ Self.sevenBits | difference) & Self.topBits
    }

    /// Not zero if any lane holds `byte`; which ones it does not tell. For where that is the question, and cheaper.
    @inline(__always) func anyLane(equal byte: UInt8) -> UInt64 {
        // A lane borrows from the one above only where it is zero itself, so that the answer as a whole is exact.
        let difference = self ^ .lanes(byte)
        return (difference &- .lanes(1)) & ~difference & Self.topBits
    }

    /// Lanes that a field value cannot hold: controls other than HTAB, and, to be looked at closer, HTAB.
    @inline(__always) var lanesOfControls: UInt64 {
        let low = self & Self.sevenBits
        let printable = low &+ .lanes(0x80 - 0x20)
        let delete = low &+ .lanes(1)
        return (~printable | delete) & ~self & Self.topBits
    }

    /// Lanes that a request-target cannot hold: controls, space, DEL and everything above ASCII.
    @inline(__always) var lanesOutsideTarget: UInt64 {
        let low = self & Self.sevenBits
        let visible = low &+ .lanes(0x80 - 0x21)
        let delete = low &+ .lanes(1)
        return (~visible | delete | self) & Self.topBits
    }

    /// Lanes that are none of `A-Z a-z 0-9 -`, which is what nearly all field names are made of.
    @inline(__always) var lanesOutsidePlainName: UInt64 {
        let low = self & Self.sevenBits
        let folded = low | .lanes(0x20)
        let letter = (folded &+ .lanes(0x80 - 0x61)) & ~(folded &+ .lanes(0x80 - 0x7B))
        let digit = (low &+ .lanes(0x80 - 0x30)) & ~(low &+ .lanes(0x80 - 0x3A))
        let hyphen = (low &+ .lanes(0x80 - 0x2D)) & ~(low &+ .lanes(0x80 - 0x2E))
        return (~(letter | digit | hyphen) | self) & Self.topBits
    }

    /// Number of the lowest lane marked in a non-zero answer.
    @inline(__always) var firstLane: Int { self.trailingZeroBitCount &>> 3 }

    /// The lowest `count` lanes (0 to 8), the rest cleared.
    @inline(__always) func lowLanes(_ count: Int) -> UInt64 {
        count >= 8 ? self : self & ((1 &<< UInt64(count &* 8)) &- 1)
    }
}
