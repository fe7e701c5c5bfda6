/// The two text formats that a scrape may ask for (STANDARDS §6).
public enum ExpositionFormat: Sendable, CaseIterable {
    /// Prometheus text 0.0.4, for everyone who does not ask for the other.
    case prometheusText
    /// OpenMetrics 1.0.0.
    case openMetrics

    /// What the answer must say; Prometheus 3 fails a scrape without it.
    public var contentType: String {
        switch self {
        case .prometheusText: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The format for an `Accept` header: OpenMetrics where it is named with at least the weight of plain text, in a
    /// version that we speak. A missing or unreadable header gets the plain text.
    public static func negotiated(accept: String?) -> ExpositionFormat {
        var openMetrics = 0
        var plain = 0
        for range in (accept ?? "").split(separator: ",") {
            let parts = range.split(separator: ";").map { Self.trimmed($0).lowercased() }
            guard let type = parts.first else { continue }
            let weight = Self.weight(of: parts.dropFirst())
            switch type {
            case "application/openmetrics-text" where Self.isVersionKnown(parts.dropFirst()):
                openMetrics = max(openMetrics, weight)
            case "text/plain", "text/*": plain = max(plain, weight)
            default: break
            }
        }
        return openMetrics > 0 && openMetrics >= plain ? .openMetrics : .prometheusText
    }

    private static func isVersionKnown(_ parameters: ArraySlice<String>) -> Bool {
        for parameter in parameters where parameter.hasPrefix("version=") {
            let version = parameter.dropFirst("version=".count).filter { $0 != "\"" }
            return version == "1.0.0" || version == "0.0.1"
        }
        return true
    }

    /// The `q` parameter in thousandths; 1000 when there is none or it cannot be read.
    private static func weight(of parameters: ArraySlice<String>) -> Int {
        for parameter in parameters where parameter.hasPrefix("q=") {
            guard let value = Double(parameter.dropFirst(2)), value >= 0, value <= 1 else { return 1_000 }
            return Int(value * 1_000)
        }
        return 1_000
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let front = text.drop { $0 == " " || $0 == "\t" }
        guard let last = front.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return front[...last]
    }
}
