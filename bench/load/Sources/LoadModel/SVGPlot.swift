import Glibc

/// A small line chart as SVG text.
public struct SVGPlot: Sendable {
    public struct Line: Sendable {
        public var label: String
        public var color: String
        public var isDashed: Bool
        public var points: [(x: Double, y: Double)]

        public init(_ label: String, color: String, isDashed: Bool = false, points: [(x: Double, y: Double)]) {
            (self.label, self.color, self.isDashed, self.points) = (label, color, isDashed, points)
        }
    }

    public struct Tick: Sendable {
        public var at: Double
        public var label: String

        public init(at: Double, label: String) { (self.at, self.label) = (at, label) }
    }

    public var title: String
    public var xTitle: String
    public var yTitle: String
    public var lines: [Line]
    /// nil: chosen from the data.
    public var xTicks: [Tick]?
    public var isLogarithmicY = false

    private static let (width, height) = (720.0, 320.0)
    private static let (left, right, top, bottom) = (64.0, 16.0, 40.0, 48.0)

    public init(title: String, xTitle: String, yTitle: String, lines: [Line]) {
        (self.title, self.xTitle, self.yTitle, self.lines) = (title, xTitle, yTitle, lines)
    }

    public func svg() -> String {
        let xs = lines.flatMap { $0.points.map(\.x) }
        let ys = lines.flatMap { $0.points.map { height(of: $0.y) } }
        let xRange = (low: xs.min() ?? 0, high: max(xs.max() ?? 1, (xs.min() ?? 0) + 1e-9))
        var yRange = (low: isLogarithmicY ? (ys.min() ?? 0) : 0, high: ys.max() ?? 1)
        if yRange.high <= yRange.low { yRange.high = yRange.low + 1 }
        func x(_ value: Double) -> Double {
            Self.left + (value - xRange.low) / (xRange.high - xRange.low) * (Self.width - Self.left - Self.right)
        }
        func y(_ value: Double) -> Double {
            let share = (height(of: value) - yRange.low) / (yRange.high - yRange.low)
            return Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
        }
        var parts = [
            "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" aria-label=\"\(Self.escaped(title))\">",
            "<text x=\"\(Self.left)\" y=\"16\" class=\"title\">\(Self.escaped(title))</text>",
        ]
        for tick in isLogarithmicY ? decades(yRange) : Self.ticks(yRange.low, yRange.high) {
            let at = Units.fixed(y(tick.at), 1)
            parts.append(
                "<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(Self.width - Self.right)\" y1=\"\(at)\" y2=\"\(at)\"/>"
            )
            parts.append(
                "<text class=\"tick\" text-anchor=\"end\" x=\"\(Self.left - 6)\" y=\"\(Units.fixed(y(tick.at) + 4, 1))\">\(tick.label)</text>"
            )
        }
        for tick in xTicks ?? Self.ticks(xRange.low, xRange.high) {
            let anchor = x(tick.at) > Self.width - Self.right - 20 ? "end" : "middle"
            parts.append(
                "<text class=\"tick\" text-anchor=\"\(anchor)\" x=\"\(Units.fixed(x(tick.at), 1))\" y=\"\(Self.height - Self.bottom + 16)\">\(tick.label)</text>"
            )
        }
        for line in lines where !line.points.isEmpty {
            let path = line.points.map { "\(Units.fixed(x($0.x), 1)),\(Units.fixed(y($0.y), 1))" }.joined(
                separator: " ")
            let dash = line.isDashed ? " stroke-dasharray=\"6 4\"" : ""
            parts.append(
                "<polyline fill=\"none\" stroke=\"\(line.color)\" stroke-width=\"2\"\(dash) points=\"\(path)\"/>")
        }
        parts += legend()
        parts.append(
            "<text class=\"axis\" text-anchor=\"middle\" x=\"\((Self.width + Self.left) / 2)\" y=\"\(Self.height - 8)\">\(Self.escaped(xTitle))</text>"
        )
        parts.append("<text class=\"axis\" x=\"4\" y=\"\(Self.top - 14)\">\(Self.escaped(yTitle))</text></svg>")
        return parts.joined(separator: "\n")
    }

    private func legend() -> [String] {
        var at = Self.width - Self.right
        return lines.reversed().flatMap { line -> [String] in
            at -= Double(line.label.count) * 6.6 + 34
            let dash = line.isDashed ? " stroke-dasharray=\"6 4\"" : ""
            return [
                "<line x1=\"\(Units.fixed(at, 0))\" x2=\"\(Units.fixed(at + 22, 0))\" y1=\"30\" y2=\"30\" stroke=\"\(line.color)\" stroke-width=\"2\"\(dash)/>",
                "<text class=\"tick\" x=\"\(Units.fixed(at + 26, 0))\" y=\"34\">\(Self.escaped(line.label))</text>",
            ]
        }
    }

    private func height(of value: Double) -> Double { isLogarithmicY ? log10(max(value, 0.001)) : value }

    private func decades(_ range: (low: Double, high: Double)) -> [Tick] {
        var ticks: [Tick] = []
        for exponent in stride(from: range.low.rounded(.down), through: range.high, by: 1) {
            for factor in range.high - range.low < 2 ? [1.0, 2, 5] : [1.0] {
                let value = pow(10, exponent) * factor
                if log10(value) >= range.low - 1e-9, log10(value) <= range.high {
                    ticks.append(Tick(at: value, label: Self.short(value)))
                }
            }
        }
        return ticks
    }

    /// Four to eight round numbers across a range.
    public static func ticks(_ low: Double, _ high: Double) -> [Tick] {
        guard high > low else { return [] }
        let raw = (high - low) / 5
        let magnitude = pow(10, log10(raw).rounded(.down))
        let step = [1.0, 2, 5, 10].first { raw <= $0 * magnitude } ?? 10
        let first = (low / (step * magnitude)).rounded(.up) * step * magnitude
        return stride(from: first, through: high * 1.0000001, by: step * magnitude).map {
            Tick(at: $0, label: short($0))
        }
    }

    static func short(_ value: Double) -> String {
        if value == 0 { return "0" }
        if value >= 1e6 { return trimmed(value / 1e6) + " M" }
        if value >= 1e4 { return trimmed(value / 1e3) + " k" }
        return trimmed(value)
    }

    private static func trimmed(_ value: Double) -> String {
        var text = Units.fixed(value, value < 0.1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0)
        while text.contains("."), text.hasSuffix("0") || text.hasSuffix(".") { text.removeLast() }
        return text
    }

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
