import Control

/// A strict reading of both exposition formats, written from their specifications and not from the renderer: it
/// returns every rule that a text breaks.
struct ExpositionValidator {
    private let format: ExpositionFormat
    private var errors: [String] = []
    private var finished: Set<String> = []
    private var family: Family?

    private struct Family {
        var name: String
        var type: String?
        var hasHelp = false
        var hasUnit = false
        var samples: [Sample] = []
    }

    private struct Sample {
        var name: String
        var labels: [(name: String, value: String)]
        var value: Double
    }

    private init(_ format: ExpositionFormat) { self.format = format }

    static func errors(in text: String, format: ExpositionFormat) -> [String] {
        var validator = ExpositionValidator(format)
        validator.read(text)
        return validator.errors
    }

    private mutating func read(_ text: String) {
        if !text.isEmpty, !text.hasSuffix("\n") { self.errors.append("the last line does not end in a line feed") }
        if text.contains("\r") { self.errors.append("a carriage return") }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        if self.format == .openMetrics {
            if lines.last != "# EOF" { self.errors.append("no # EOF at the end") } else { lines.removeLast() }
        }
        for line in lines {
            if line.isEmpty {
                self.errors.append("an empty line")
            } else if line.hasPrefix("#") {
                self.readComment(line)
            } else {
                self.readSample(line)
            }
        }
        self.finishFamily()
    }

    private mutating func readComment(_ line: String) {
        let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 3, parts[0] == "#", ["HELP", "TYPE", "UNIT"].contains(parts[1]) else {
            self.errors.append("a comment that is not HELP, TYPE or UNIT: \(line)")
            return
        }
        let (keyword, name, rest) = (parts[1], parts[2], parts.count > 3 ? parts[3] : "")
        if self.family?.name != name {
            self.finishFamily()
            if self.finished.contains(name) { self.errors.append("\(name) is not contiguous") }
            self.family = Family(name: name)
        }
        if self.family?.samples.isEmpty == false { self.errors.append("\(keyword) of \(name) after its samples") }
        switch keyword {
        case "HELP":
            if self.family?.hasHelp == true { self.errors.append("two HELP lines for \(name)") }
            self.family?.hasHelp = true
            self.checkEscapes(rest, quotes: self.format == .openMetrics)
        case "TYPE":
            if self.family?.type != nil { self.errors.append("two TYPE lines for \(name)") }
            if !["counter", "gauge", "histogram"].contains(rest) { self.errors.append("type \(rest) of \(name)") }
            if self.format == .openMetrics, rest == "counter", name.hasSuffix("_total") {
                self.errors.append("the counter family \(name) ends in _total")
            }
            self.family?.type = rest
        default:
            if self.format == .prometheusText { self.errors.append("UNIT in Prometheus text") }
            if !name.hasSuffix("_\(rest)") { self.errors.append("\(name) does not end in its unit \(rest)") }
            self.family?.hasUnit = true
        }
    }

    private mutating func readSample(_ line: String) {
        guard let sample = self.parse(line) else {
            self.errors.append("not a sample: \(line)")
            return
        }
        guard let family = self.family, let type = family.type, family.hasHelp else {
            self.errors.append("\(sample.name) without HELP and TYPE before it")
            return
        }
        let allowed: [String]
        switch (type, self.format) {
        case ("histogram", _): allowed = ["_bucket", "_sum", "_count"].map { family.name + $0 }
        case ("counter", .openMetrics): allowed = [family.name + "_total"]
        default: allowed = [family.name]
        }
        if !allowed.contains(sample.name) { self.errors.append("\(sample.name) within \(type) \(family.name)") }
        if type == "counter", !(sample.value >= 0) { self.errors.append("counter \(sample.name) is \(sample.value)") }
        self.family?.samples.append(sample)
    }

    private mutating func finishFamily() {
        guard let family = self.family else { return }
        self.finished.insert(family.name)
        self.family = nil
        var seen: Set<String> = []
        for sample in family.samples {
            let key = sample.name + sample.labels.map { "\($0.name)=\($0.value)" }.sorted().joined(separator: ",")
            if !seen.insert(key).inserted { self.errors.append("the sample \(key) twice") }
        }
        if family.type == "histogram" { self.checkHistogram(family) }
    }

    /// OB-3: cumulative buckets in rising order, `+Inf` present and equal to `_count`, one `_sum` and `_count`.
    private mutating func checkHistogram(_ family: Family) {
        var groups: [String: [Sample]] = [:]
        for sample in family.samples {
            let key = sample.labels.filter { $0.name != "le" }.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
            groups[key, default: []].append(sample)
        }
        for (key, samples) in groups {
            let place = "\(family.name){\(key)}"
            let buckets = samples.filter { $0.name.hasSuffix("_bucket") }
            let bounds = buckets.compactMap { bucket in
                bucket.labels.first { $0.name == "le" }.flatMap { Double($0.value == "+Inf" ? "inf" : $0.value) }
            }
            if bounds.count != buckets.count { self.errors.append("a bucket without le in \(place)") }
            if bounds != bounds.sorted() || Set(bounds).count != bounds.count {
                self.errors.append("bounds not rising in \(place)")
            }
            if bounds.last != .infinity { self.errors.append("no +Inf in \(place)") }
            if buckets.map(\.value) != buckets.map(\.value).sorted() { self.errors.append("not cumulative: \(place)") }
            let counts = samples.filter { $0.name.hasSuffix("_count") }
            if counts.count != 1 || counts.first?.value != buckets.last?.value {
                self.errors.append("_count is not +Inf in \(place)")
            }
            if samples.filter({ $0.name.hasSuffix("_sum") }).count != 1 { self.errors.append("no _sum in \(place)") }
            if self.format == .openMetrics { self.checkCanonical(buckets, place: place) }
        }
    }

    /// OpenMetrics writes `le` as a float: `1.0`, never `1`.
    private mutating func checkCanonical(_ buckets: [Sample], place: String) {
        for bucket in buckets {
            for label in bucket.labels where label.name == "le" && label.value != "+Inf" {
                if !label.value.contains(".") && !label.value.contains("e") {
                    self.errors.append("le=\(label.value) is not canonical in \(place)")
                }
            }
        }
    }

    private mutating func checkEscapes(_ text: String, quotes: Bool) {
        var isEscaped = false
        for character in text {
            if isEscaped {
                if !(character == "\\" || character == "n" || (character == "\"" && quotes)) {
                    self.errors.append("the escape \\\(character)")
                }
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" && quotes {
                self.errors.append("a bare quote in HELP")
            }
        }
        if isEscaped { self.errors.append("a backslash at the end of HELP") }
    }

    /// `name{label="value",...} number`
    private mutating func parse(_ line: String) -> Sample? {
        var rest = line[...]
        let name = String(rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") })
        guard let first = name.first, !first.isNumber else { return nil }
        rest = rest.dropFirst(name.count)
        var labels: [(name: String, value: String)] = []
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                let label = String(rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
                rest = rest.dropFirst(label.count)
                guard !label.isEmpty, rest.hasPrefix("=\"") else { return nil }
                rest = rest.dropFirst(2)
                guard let value = Self.quotedValue(&rest) else { return nil }
                if labels.contains(where: { $0.name == label }) { self.errors.append("label \(label) twice: \(line)") }
                labels.append((label, value))
                if rest.first == "," { rest = rest.dropFirst() } else if rest.first != "}" { return nil }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " " else { return nil }
        let number = String(rest.dropFirst())
        let special = ["NaN": Double.nan, "+Inf": .infinity, "-Inf": -.infinity]
        guard !number.contains(" "), let value = special[number] ?? Double(number) else { return nil }
        return Sample(name: name, labels: labels, value: value)
    }

    private static func quotedValue(_ rest: inout Substring) -> String? {
        var value = ""
        while let character = rest.popFirst() {
            switch character {
            case "\"": return value
            case "\\":
                guard let escaped = rest.popFirst(), let plain = ["\\": "\\", "\"": "\"", "n": "\n"][escaped] else {
                    return nil
                }
                value += plain
            default: value.append(character)
            }
        }
        return nil
    }
}
