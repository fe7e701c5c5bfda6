extension HTTPDate {
    /// Reads a date in any of the three forms a recipient must accept: IMF-fixdate, and the obsolete RFC 850 and asctime
    /// forms. Names are case-sensitive, the weekday must be one but is not compared with the date.
    ///
    /// RFC 850 has two digits of the year: what would be more than 50 years after `nowSeconds` is of the century before.
    /// Returns Unix seconds; a leap second counts as the second after it.
    public static func parse(_ text: Span<UInt8>, nowSeconds: Int64) -> Int64? {
        let comma = FieldOctets.position(of: UInt8(ascii: ","), in: text, from: 0, to: text.count)
        if comma == 3, text.count == 29 { return self.parseIMF(text) }
        if comma == text.count, text.count == 24 { return self.parseAsctime(text) }
        if comma >= 6, comma <= 9, text.count == comma + 24 { return self.parseRFC850(text, comma, nowSeconds) }
        return nil
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    private static func parseIMF(_ text: Span<UInt8>) -> Int64? {
        guard self.name(text, 0, self.weekdays) != nil, self.isBlank(text, 4), self.isBlank(text, 7),
            self.isBlank(text, 11), self.isBlank(text, 16), self.isGMT(text, 25),
            let day = self.number(text, 5..<7), let month = self.name(text, 8, self.months),
            let year = self.number(text, 12..<16)
        else { return nil }
        return self.seconds(year: year, month: month + 1, day: day, text, clock: 17)
    }

    /// `Sunday, 06-Nov-94 08:49:37 GMT`
    private static func parseRFC850(_ text: Span<UInt8>, _ comma: Int, _ nowSeconds: Int64) -> Int64? {
        let start = comma + 2
        guard self.isLongWeekday(text, comma), self.isBlank(text, comma + 1), text[start + 2] == UInt8(ascii: "-"),
            text[start + 6] == UInt8(ascii: "-"), self.isBlank(text, start + 9), self.isGMT(text, start + 18),
            let day = self.number(text, start..<(start + 2)), let month = self.name(text, start + 3, self.months),
            let shortYear = self.number(text, (start + 7)..<(start + 9))
        else { return nil }
        let bounded = min(max(nowSeconds, 0), UnixTime.range.upperBound / 1000)
        let thisYear = CivilDate(daysSinceEpoch: Int(bounded / 86_400)).year
        var year = thisYear / 100 * 100 + shortYear
        if year > thisYear + 50 { year -= 100 }
        return self.seconds(year: year, month: month + 1, day: day, text, clock: start + 10)
    }

    /// `Sun Nov  6 08:49:37 1994`
    private static func parseAsctime(_ text: Span<UInt8>) -> Int64? {
        let dayStart = self.isBlank(text, 8) ? 9 : 8
        guard self.name(text, 0, self.weekdays) != nil, self.isBlank(text, 3), self.isBlank(text, 7),
            self.isBlank(text, 10), self.isBlank(text, 19),
            let month = self.name(text, 4, self.months), let day = self.number(text, dayStart..<10),
            let year = self.number(text, 20..<24)
        else { return nil }
        return self.seconds(year: year, month: month + 1, day: day, text, clock: 11)
    }

    private static func seconds(year: Int, month: Int, day: Int, _ text: Span<UInt8>, clock: Int) -> Int64? {
        guard year >= 1, day >= 1, day <= CivilDate.days(inMonth: month, of: year),
            text[clock + 2] == UInt8(ascii: ":"), text[clock + 5] == UInt8(ascii: ":"),
            let hour = self.number(text, clock..<(clock + 2)), hour < 24,
            let minute = self.number(text, (clock + 3)..<(clock + 5)), minute < 60,
            let second = self.number(text, (clock + 6)..<(clock + 8)), second <= 60
        else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        return Int64(days * 86_400 + hour * 3600 + minute * 60 + second)
    }

    private static func number(_ text: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var value = 0
        for index in range {
            guard FieldOctets.isDigit(text[index]) else { return nil }
            value = value * 10 + Int(text[index] &- 0x30)
        }
        return value
    }

    /// The index of the three-letter name at a place.
    private static func name(_ text: Span<UInt8>, _ place: Int, _ names: StaticString) -> Int? {
        names.withUTF8Buffer { names in
            for index in 0..<(names.count / 3)
            where text[place] == names[3 * index] && text[place + 1] == names[3 * index + 1]
                && text[place + 2] == names[3 * index + 2]
            {
                return index
            }
            return nil
        }
    }

    private static func isLongWeekday(_ text: Span<UInt8>, _ comma: Int) -> Bool {
        guard let index = self.name(text, 0, self.weekdays) else { return false }
        let range = 0..<comma
        switch index {
        case 0: return FieldOctets.spells(text, range, "sunday")
        case 1: return FieldOctets.spells(text, range, "monday")
        case 2: return FieldOctets.spells(text, range, "tuesday")
        case 3: return FieldOctets.spells(text, range, "wednesday")
        case 4: return FieldOctets.spells(text, range, "thursday")
        case 5: return FieldOctets.spells(text, range, "friday")
        default: return FieldOctets.spells(text, range, "saturday")
        }
    }

    private static func isBlank(_ text: Span<UInt8>, _ place: Int) -> Bool { text[place] == 0x20 }

    private static func isGMT(_ text: Span<UInt8>, _ place: Int) -> Bool {
        text[place] == 0x20 && text[place + 1] == UInt8(ascii: "G") && text[place + 2] == UInt8(ascii: "M")
            && text[place + 3] == UInt8(ascii: "T")
    }
}
