/// One JSON number, read exactly: no floating point comes between a meter and what was billed.
struct JSONNumber {
    /// The number, if it is whole and fits.
    let integer: Int?

    /// Reads the number at `position` and moves behind it; nil where there is none.
    init?(_ json: Span<UInt8>, at position: inout Int) {
        var digits = Digits()
        let isNegative = position < json.count && json[position] == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let start = position
        while position < json.count, FieldOctets.isDigit(json[position]) {
            digits.append(json[position] &- 0x30, isFraction: false)
            position += 1
        }
        guard position > start, position == start + 1 || json[start] != UInt8(ascii: "0") else { return nil }
        if position < json.count, json[position] == UInt8(ascii: ".") {
            position += 1
            let start = position
            while position < json.count, FieldOctets.isDigit(json[position]) {
                digits.append(json[position] &- 0x30, isFraction: true)
                position += 1
            }
            guard position > start else { return nil }
        }
        var exponent = 0
        if position < json.count, json[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            guard let read = Self.exponent(json, &position) else { return nil }
            exponent = read
        }
        self.integer = digits.integer(exponent: exponent, isNegative: isNegative)
    }

    private static func exponent(_ json: Span<UInt8>, _ position: inout Int) -> Int? {
        let isNegative = position < json.count && json[position] == UInt8(ascii: "-")
        if isNegative || (position < json.count && json[position] == UInt8(ascii: "+")) { position += 1 }
        let start = position
        var value = 0
        while position < json.count, FieldOctets.isDigit(json[position]) {
            // Far beyond any Int; more digits change nothing.
            value = min(1_000_000, value * 10 + Int(json[position] &- 0x30))
            position += 1
        }
        guard position > start else { return nil }
        return isNegative ? -value : value
    }

    /// Significant digits so far. Zeros are held back until another digit follows, so that `1.000…0` never overflows and
    /// the last digit taken in is never zero.
    private struct Digits {
        var significand: UInt64 = 0
        var overflows = false
        var heldZeros = 0
        var scale = 0

        mutating func append(_ digit: UInt8, isFraction: Bool) {
            if isFraction { self.scale -= 1 }
            guard digit > 0 else {
                self.heldZeros += 1
                return
            }
            if self.significand == 0 { self.heldZeros = 0 }
            self.multiply(byTenTo: self.heldZeros + 1)
            self.heldZeros = 0
            let (sum, overflow) = self.significand.addingReportingOverflow(UInt64(digit))
            self.significand = sum
            self.overflows = self.overflows || overflow
        }

        mutating func multiply(byTenTo power: Int) {
            guard self.significand > 0 else { return }
            for _ in 0..<min(power, 20) {
                let (product, overflow) = self.significand.multipliedReportingOverflow(by: 10)
                self.significand = product
                self.overflows = self.overflows || overflow
            }
        }

        consuming func integer(exponent: Int, isNegative: Bool) -> Int? {
            if self.significand == 0, !self.overflows { return 0 }
            let power = self.scale + self.heldZeros + exponent
            guard power >= 0 else { return nil }
            self.multiply(byTenTo: power)
            guard !self.overflows else { return nil }
            if isNegative {
                return self.significand <= UInt64(Int.max) + 1 ? Int(truncatingIfNeeded: 0 &- self.significand) : nil
            }
            return Int(exactly: self.significand)
        }
    }
}
