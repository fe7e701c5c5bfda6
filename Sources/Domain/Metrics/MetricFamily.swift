/// One metric as a scrape shows it: a name, what it means, and its samples. The data path counts in plain integers;
/// this is what they become when somebody asks.
public struct MetricFamily: Sendable, Equatable {
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    public struct Label: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A counter's or gauge's value, or a histogram's buckets.
    public enum Value: Sendable, Equatable {
        case number(Double)
        /// `counts[i]` is how many fell into bucket i (not cumulative), one more than `bounds` for `+Inf`.
        case histogram(bounds: [Double], counts: [UInt64], sum: Double)
    }

    public struct Sample: Sendable, Equatable {
        public var labels: [Label]
        public var value: Value

        public init(labels: [Label] = [], value: Value) {
            self.labels = labels
            self.value = value
        }
    }

    /// Prometheus name with its unit suffix; a counter ends in `_total`.
    public var name: String
    public var help: String
    public var kind: Kind
    public var samples: [Sample]

    public init(name: String, help: String, kind: Kind, samples: [Sample]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }
}
