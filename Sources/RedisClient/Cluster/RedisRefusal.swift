/// What a node of a cluster says instead of executing a command. Nothing has happened then, so the command may be sent
/// again, and to another node.
enum RedisRefusal: Equatable {
    /// The slot is another node's for good.
    case moved(slot: Int, to: RedisConfiguration.Endpoint)
    /// The slot is on its way to another node, which knows the keys in question: for this one command.
    case ask(slot: Int, of: RedisConfiguration.Endpoint)
    /// Nobody can execute it at this moment: the slot is between two nodes (`TRYAGAIN`), has lost its node
    /// (`CLUSTERDOWN`), or the node is only starting (`LOADING`).
    case busy

    /// nil for any other error, which is the command's own.
    ///
    /// - Parameter node: whoever says so: a node that does not know its own name means another port of the same host.
    init?(_ error: RedisServerError, from node: RedisConfiguration.Endpoint) {
        let words = error.message.split(separator: " ")
        switch words.first {
        case "MOVED", "ASK":
            guard words.count == 3, let slot = Int(words[1]), (0..<RedisSlot.count).contains(slot),
                let endpoint = Self.endpoint(words[2], from: node)
            else { return nil }
            self = words[0] == "MOVED" ? .moved(slot: slot, to: endpoint) : .ask(slot: slot, of: endpoint)
        case "TRYAGAIN", "CLUSTERDOWN", "LOADING":
            self = .busy
        default:
            return nil
        }
    }

    /// `host:port`, where the host may be an IPv6 address without brackets, or empty.
    private static func endpoint(
        _ text: Substring, from node: RedisConfiguration.Endpoint
    ) -> RedisConfiguration.Endpoint? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        return RedisTopology.endpoint(host: String(text[..<colon]), port: port, toldBy: node)
    }
}
