public import Domain

/// Metric families as the text of one scrape.
///
/// The rules that a scraper insists on (STANDARDS §6, OB-2, OB-3): one HELP and TYPE for a family, before its samples,
/// and nothing of another family in between; buckets cumulative with `+Inf` equal to `_count`; escapes; and in
/// OpenMetrics a counter's family without `_total`, canonical floats in `le`, `# EOF` at the end.
public struct Exposition {
    private let format: ExpositionFormat
    private var text = ""

    private init(_ format: ExpositionFormat) {
        self.format = format
    }

    /// The text for `families`. Families of one name are brought together under the first one's help and kind; a
    /// sample that does not fit that kind, or repeats the labels of an earlier one, is left out.
    public static func render(_ families: [MetricFamily], as format: ExpositionFormat) -> String {
        var exposition = Exposition(format)
        for family in Self.merged(families) { exposition.write(family) }
        if format == .openMetrics { exposition.text += "# EOF\n" }
        return exposition.text
    }

    /// Two parts of the program may report under one name; a scrape may hold that name once.
    private static func merged(_ families: [MetricFamily]) -> [MetricFamily] {
        var order: [MetricFamily] = []
        var positions: [String: Int] = [:]
        for family in families where MetricNames.isMetricName(family.name) {
            if let position = positions[family.name] {
                guard order[position].kind == family.kind else { continue }
                order[position].samples += family.samples
            } else {
                positions[family.name] = order.count
                order.append(family)
            }
        }
        return order
    }

    private mutating func write(_ family: MetricFamily) {
        let base = self.familyName(family)
        self.text += "# HELP \(base) \(self.escapedHelp(family.help))\n"
        self.text += "# TYPE \(base) \(family.kind.rawValue)\n"
        if self.format == .openMetrics, let unit = MetricNames.unit(of: base) {
            self.text += "# UNIT \(base) \(unit)\n"
        }
        var seen: Set<String> = []
        for sample in family.samples {
            let labels = self.rendered(sample.labels)
            guard seen.insert(labels).inserted else { continue }
            switch (family.kind, sample.value) {
            case (.counter, .number(let value)):
                self.writeSample(
                    MetricNames.withTotal(base, format: self.format, of: family.name), labels, self.number(value))
            case (.gauge, .number(let value)):
                self.writeSample(base, labels, self.number(value))
            case (.histogram, .histogram(let bounds, let counts, let sum)):
                self.writeHistogram(base, labels, bounds: bounds, counts: counts, sum: sum)
            default: continue
            }
        }
    }

    private mutating func writeHistogram(
        _ base: String, _ labels: String, bounds: [Double], counts: [UInt64], sum: Double
    ) {
        let separator = labels.isEmpty ? "" : ","
        var cumulative: UInt64 = 0
        for (index, bound) in bounds.enumerated() where bound.isFinite {
            cumulative &+= index < counts.count ? counts[index] : 0
            self.writeSample(
                "\(base)_bucket", "\(labels)\(separator)le=\"\(self.boundary(bound))\"", String(cumulative))
        }
        // Whatever lies beyond the last finite bound, so that +Inf is the count by construction.
        let total = counts.reduce(0, &+)
        self.writeSample("\(base)_bucket", "\(labels)\(separator)le=\"+Inf\"", String(total))
        self.writeSample("\(base)_sum", labels, self.number(sum))
        self.writeSample("\(base)_count", labels, String(total))
    }

    private mutating func writeSample(_ name: String, _ labels: String, _ value: String) {
        self.text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }

    private func familyName(_ family: MetricFamily) -> String {
        guard self.format == .openMetrics, family.kind == .counter, family.name.hasSuffix("_total") else {
            return family.name
        }
        return String(family.name.dropLast("_total".count))
    }

    /// Labels in the order given; names that no scraper would take are left out.
    private func rendered(_ labels: [MetricFamily.Label]) -> String {
        labels.filter { MetricNames.isLabelName($0.name) }
            .map { "\($0.name)=\"\(self.escapedLabel($0.value))\"" }
            .joined(separator: ",")
    }

    private func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Whole numbers below 2^53 are exact; "3" reads better than "3.0" and both formats take it.
        if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return String(Int64(value)) }
        return "\(value)"
    }

    /// OpenMetrics wants canonical floats (`1.0`), Prometheus takes either.
    private func boundary(_ bound: Double) -> String {
        self.format == .openMetrics ? "\(bound)" : self.number(bound)
    }

    private func escapedLabel(_ value: String) -> String { self.escaped(value, quotes: true) }

    /// OpenMetrics escapes quotes in HELP too.
    private func escapedHelp(_ value: String) -> String { self.escaped(value, quotes: self.format == .openMetrics) }

    private func escaped(_ value: String, quotes: Bool) -> String {
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
