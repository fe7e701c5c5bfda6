/// One command of a connection's set-up.
struct RedisSetUpStep {
    enum Purpose {
        case authenticate
        case select
        case setName
        case load(RedisScript)
        /// The last one: `INFO`.
        case identify
    }

    let purpose: Purpose
    let arguments: [String]

    init(_ purpose: Purpose, _ arguments: [String]) {
        self.purpose = purpose
        self.arguments = arguments
    }
}
