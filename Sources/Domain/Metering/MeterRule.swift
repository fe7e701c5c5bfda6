/// How much of a meter a request on a route counts.
public struct MeterRule: Sendable, Equatable {
    public var meter: String
    public var quantity: Quantity
    /// Which upstream answers count. Failures of the gateway, 429s and replays never do.
    public var when = Condition.any

    public enum Quantity: Sendable, Equatable {
        case fixed(Int)
        /// A response header with a decimal integer.
        case responseHeader(String)
        /// An RFC 6901 pointer into a JSON response.
        case jsonPointer(String)
        /// An RFC 6901 pointer into the data of the last event of an event stream that is JSON.
        case lastEvent(String)
    }

    public enum Condition: String, Sendable, CaseIterable {
        /// Every answer of the upstream.
        case any
        /// 2xx answers.
        case success
    }

    public init(meter: String, quantity: Quantity, when: Condition = .any) {
        self.meter = meter
        self.quantity = quantity
        self.when = when
    }
}
