/// Bytes with a meaning in HTTP/1.1.
enum Byte {
    static var tab: UInt8 { 0x09 }
    static var lineFeed: UInt8 { 0x0A }
    static var carriageReturn: UInt8 { 0x0D }
    static var space: UInt8 { 0x20 }
    static var colon: UInt8 { 0x3A }
    static var comma: UInt8 { 0x2C }
    static var semicolon: UInt8 { 0x3B }
    static var slash: UInt8 { 0x2F }
    static var question: UInt8 { 0x3F }
}

// The classes are bit tests on constants rather than tables: a table in a `static let` costs a once-check per access.
extension UInt8 {
    /// `tchar` of RFC 9110 §5.6.2: `!#$%&'*+-.^_`|~`, digits and letters.
    @inline(__always) var isToken: Bool {
        let bits: UInt64 = self & 0x40 == 0 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
        return self < 0x80 && (bits &>> UInt64(self & 0x3F)) & 1 == 1
    }

    /// Space or HTAB: the two bytes of optional white space, `OWS`.
    @inline(__always) var isBlank: Bool { self == Byte.space || self == Byte.tab }

    @inline(__always) var isDigit: Bool { self &- 0x30 < 10 }

    /// The value of a hexadecimal digit, 255 for any other byte.
    @inline(__always) var hexValue: UInt8 {
        if self.isDigit { return self &- 0x30 }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : 255
    }

    /// A host name is made of these; sub-delims and percent-encoding, which RFC 3986 also allows in a reg-name, are left
    /// out: no DNS name needs them, and a comma is the mark of two merged Host fields.
    @inline(__always) var isHostName: Bool {
        (self | 0x20) &- 0x61 < 26 || self.isDigit || self == 0x2D || self == 0x2E || self == 0x5F || self == 0x7E
    }

    /// The byte with ASCII letters in lower case.
    @inline(__always) var lowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}
