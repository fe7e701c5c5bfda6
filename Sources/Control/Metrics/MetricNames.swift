/// What may be called what in an exposition.
enum MetricNames {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
    static func isMetricName(_ name: String) -> Bool {
        Self.isName(name) { $0 == UInt8(ascii: ":") }
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`, without the names that begin with two underscores, which belong to the scraper.
    static func isLabelName(_ name: String) -> Bool {
        !name.hasPrefix("__") && Self.isName(name) { _ in false }
    }

    /// The unit that a family's name ends in, of those we use; OpenMetrics wants it said.
    static func unit(of family: String) -> String? {
        for unit in ["seconds", "bytes", "ratio"] where family.hasSuffix("_\(unit)") { return unit }
        return nil
    }

    /// A counter's sample name: its family with `_total` in OpenMetrics, and the name as it is in Prometheus text.
    static func withTotal(_ family: String, format: ExpositionFormat, of name: String) -> String {
        switch format {
        case .prometheusText: name
        case .openMetrics: "\(family)_total"
        }
    }

    private static func isName(_ name: String, also isAllowed: (UInt8) -> Bool) -> Bool {
        var isFirst = true
        for byte in name.utf8 {
            let isLetter = (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
            let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
            guard isLetter || byte == UInt8(ascii: "_") || (isDigit && !isFirst) || isAllowed(byte) else {
                return false
            }
            isFirst = false
        }
        return !isFirst
    }
}
