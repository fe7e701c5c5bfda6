public import NIOCore

/// W3C `baggage`: whole members are sent on within the standard's bounds, never a part of one.
public enum Baggage {
    /// Members sent on at most.
    public static let membersMax = 64
    /// Bytes sent on at most.
    public static let bytesMax = 8192

    /// Appends the well-formed members of a list, in order, until one would pass a bound; the rest is dropped.
    ///
    /// Several lines of the field are one list: give them joined by a comma. Returns how many members were written; with
    /// none the field is to be left out.
    @discardableResult
    public static func append(_ value: Span<UInt8>, to buffer: inout ByteBuffer) -> Int {
        var position = 0
        var members = 0
        var bytes = 0
        while position < value.count, members < self.membersMax {
            let end = FieldOctets.position(of: UInt8(ascii: ","), in: value, from: position, to: value.count)
            let member = FieldOctets.trimmed(value, position..<end)
            position = end + 1
            guard self.isWellFormed(value, member) else { continue }
            let needed = member.count + (members > 0 ? 1 : 0)
            guard bytes + needed <= self.bytesMax else { break }
            if members > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
            FieldOctets.append(value, member, to: &buffer)
            members += 1
            bytes += needed
        }
        return members
    }

    /// `token OWS "=" OWS *baggage-octet *( OWS ";" property )`, where properties are checked byte by byte only.
    private static func isWellFormed(_ value: Span<UInt8>, _ member: Range<Int>) -> Bool {
        let equals = FieldOctets.position(
            of: UInt8(ascii: "="), in: value, from: member.lowerBound, to: member.upperBound)
        guard equals < member.upperBound else { return false }
        let key = FieldOctets.trimmed(value, member.lowerBound..<equals)
        guard !key.isEmpty else { return false }
        for index in key where !FieldOctets.isTokenByte(value[index]) { return false }
        let semicolon = FieldOctets.position(of: UInt8(ascii: ";"), in: value, from: equals + 1, to: member.upperBound)
        for index in FieldOctets.trimmed(value, (equals + 1)..<semicolon) where !self.isOctet(value[index]) {
            return false
        }
        for index in semicolon..<member.upperBound {
            guard self.isOctet(value[index]) || FieldOctets.isBlank(value[index]) || value[index] == UInt8(ascii: ";")
            else { return false }
        }
        return true
    }

    /// `baggage-octet`: visible ASCII without `"`, `,`, `;` and `\`.
    private static func isOctet(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21, 0x23...0x2B, 0x2D...0x3A, 0x3C...0x5B, 0x5D...0x7E: true
        default: false
        }
    }
}
