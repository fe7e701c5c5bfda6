/// One command of a connection's set-up.
struct RedisSetUpStep {
    enum Purpose {
        case authenticate
        case select
        case setName
        case load(RedisScript)
        /// `CLIENT ID`, for a later fence.
        case clientID
        /// The last one: `INFO`.
        case identify
        /// After the last one, where a connection to the same server was lost: `CLIENT KILL ID`.
        case fence
    }

    let purpose: Purpose
    let arguments: [String]

    init(_ purpose: Purpose, _ arguments: [String]) {
        self.purpose = purpose
        self.arguments = arguments
    }
}
