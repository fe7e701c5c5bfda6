import HTTPWire

/// Every reason why HTTPWire may read bytes otherwise than llhttp does inside NIO. A difference without one is a bug of
/// one of the two, and fails the test until it is understood.
enum Difference: String, CaseIterable {
    case unexplained

    /// The rule, with its place in STANDARDS.
    var reason: String {
        switch self {
        case .unexplained: ""
        }
    }
}

/// Nil if both read the same messages.
func classify(_ ours: Reading, _ seen: SeenConnection, _ theirs: Reading) -> Difference? {
    if ours.messages == theirs.messages { return nil }
    return .unexplained
}
