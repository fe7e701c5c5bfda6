import Glibc
import PostgresClient

/// Points in time in the API: RFC 3339, given in UTC to the millisecond, taken with any offset.
enum Timestamp {
    /// `2026-01-31T12:00:00.000Z`
    static func text(_ instant: PostgresInstant) -> String {
        let (whole, rest) = instant.unixMicroseconds.quotientAndRemainder(dividingBy: 1_000_000)
        let micros = rest < 0 ? rest + 1_000_000 : rest
        var seconds = time_t(rest < 0 ? whole - 1 : whole)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let date =
            "\(Self.digits(parts.tm_year + 1900, 4))-\(Self.digits(parts.tm_mon + 1))-\(Self.digits(parts.tm_mday))"
        let time = "\(Self.digits(parts.tm_hour)):\(Self.digits(parts.tm_min)):\(Self.digits(parts.tm_sec))"
        return "\(date)T\(time).\(Self.digits(Int32(micros / 1_000), 3))Z"
    }

    /// nil for what is no time, and for times outside of the years 1 to 9999.
    static func parse(_ text: String) -> PostgresInstant? {
        var reader = Reader(bytes: Array(text.utf8))
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(2), reader.take(":"), let minute = reader.number(2), reader.take(":"),
            let second = reader.number(2), let micros = reader.fraction(), let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        guard year >= 1, (1...12).contains(month), day >= 1, day <= Self.days(in: month, year), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        var parts = tm()
        parts.tm_year = Int32(year - 1900)
        parts.tm_mon = Int32(month - 1)
        parts.tm_mday = Int32(day)
        parts.tm_hour = Int32(hour)
        parts.tm_min = Int32(minute)
        parts.tm_sec = Int32(second)
        let seconds = timegm(&parts) - offset
        return PostgresInstant(unixMicroseconds: Int64(seconds) * 1_000_000 + Int64(micros))
    }

    private static func days(in month: Int, _ year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func digits(_ value: Int32, _ count: Int = 2) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    private struct Reader {
        let bytes: [UInt8]
        var index = 0

        var isAtEnd: Bool { self.index == self.bytes.count }

        mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard self.index < self.bytes.count, self.bytes[self.index] == UInt8(ascii: scalar) else { return false }
            self.index += 1
            return true
        }

        mutating func number(_ count: Int) -> Int? {
            guard self.index + count <= self.bytes.count else { return nil }
            var value = 0
            for byte in self.bytes[self.index..<self.index + count] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            self.index += count
            return value
        }

        /// Microseconds; 0 without a fraction, nil for a point without digits.
        mutating func fraction() -> Int? {
            guard self.take(".") else { return 0 }
            var micros = 0
            var count = 0
            while let digit = self.number(1) {
                if count < 6 { micros = micros * 10 + digit }
                count += 1
            }
            guard count > 0 else { return nil }
            for _ in count..<max(count, 6) { micros *= 10 }
            return micros
        }

        /// Seconds east of UTC.
        mutating func offset() -> Int? {
            if self.take("Z") || self.take("z") { return 0 }
            let isWest = self.take("-")
            guard isWest || self.take("+"), let hours = self.number(2), self.take(":"), let minutes = self.number(2),
                hours < 24, minutes < 60
            else { return nil }
            return (isWest ? -1 : 1) * (hours * 3_600 + minutes * 60)
        }
    }
}

extension JSON {
    /// A time, or null.
    static func time(_ instant: PostgresInstant?) -> JSON { instant.map { .string(Timestamp.text($0)) } ?? .null }
}
