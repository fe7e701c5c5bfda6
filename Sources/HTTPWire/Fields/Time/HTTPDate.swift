public import NIOCore

/// HTTP's dates (RFC 9110 §5.6.7) from and to Unix seconds, without Foundation.
public enum HTTPDate {
    /// Bytes of an IMF-fixdate.
    public static let byteCount = 29

    static let weekdays: StaticString = "SunMonTueWedThuFriSat"
    static let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"

    /// Appends `Sun, 06 Nov 1994 08:49:37 GMT`. Years outside 1–9999 count as the nearest.
    public static func append(unixSeconds: Int64, to buffer: inout ByteBuffer) {
        let bytes = self.bytes(unixSeconds: unixSeconds)
        buffer.writeBytes(bytes.span.bytes)
    }

    /// The 29 bytes of a date.
    public static func bytes(unixSeconds: Int64) -> InlineArray<29, UInt8> {
        let bounds = UnixTime.range
        let seconds = min(max(unixSeconds, bounds.lowerBound / 1000), bounds.upperBound / 1000)
        let days = UnixTime.floorDivide(seconds, 86_400)
        let secondOfDay = Int(seconds - days * 86_400)
        let date = CivilDate(daysSinceEpoch: Int(days))
        // 1970-01-01 was a Thursday.
        let weekday = Int(((days + 4) % 7 + 7) % 7)
        var text = InlineArray<29, UInt8>(repeating: 0x20)
        self.put(self.weekdays, weekday, at: 0, &text)
        text[3] = UInt8(ascii: ",")
        self.put(date.day, at: 5, &text)
        self.put(self.months, date.month - 1, at: 8, &text)
        self.put(date.year / 100, at: 12, &text)
        self.put(date.year % 100, at: 14, &text)
        self.put(secondOfDay / 3600, at: 17, &text)
        text[19] = UInt8(ascii: ":")
        self.put(secondOfDay / 60 % 60, at: 20, &text)
        text[22] = UInt8(ascii: ":")
        self.put(secondOfDay % 60, at: 23, &text)
        text[26] = UInt8(ascii: "G")
        text[27] = UInt8(ascii: "M")
        text[28] = UInt8(ascii: "T")
        return text
    }

    private static func put(_ names: StaticString, _ index: Int, at place: Int, _ text: inout InlineArray<29, UInt8>) {
        names.withUTF8Buffer { names in
            for offset in 0..<3 { text[place + offset] = names[3 * index + offset] }
        }
    }

    private static func put(_ value: Int, at place: Int, _ text: inout InlineArray<29, UInt8>) {
        text[place] = 0x30 &+ UInt8(truncatingIfNeeded: value / 10)
        text[place + 1] = 0x30 &+ UInt8(truncatingIfNeeded: value % 10)
    }
}
