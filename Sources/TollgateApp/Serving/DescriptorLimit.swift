import Glibc
import Logging

/// How many connections this process can have open: each takes a descriptor, and one to an upstream may take another.
enum DescriptorLimit {
    /// Raises the limit as far as this process may, and warns when it is short of what the configuration allows.
    static func raise(connectionsMax: Int, logger: Logger) {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(resource, &raised) == 0 { limit = raised }
        }
        let wanted = Self.wanted(connectionsMax: connectionsMax)
        guard limit.rlim_cur < rlim_t(wanted) else { return }
        logger.warning(
            "The limit of open descriptors is low: connections beyond it will be refused",
            metadata: [
                "limit": "\(limit.rlim_cur)", "wanted": "\(wanted)", "edge.connections_max": "\(connectionsMax)",
                "remedy": "ulimit -n \(wanted), LimitNOFILE=\(wanted) in the systemd unit, or a lower connections_max",
            ])
    }

    /// A connection in, one out, and some for stores, logs and listeners.
    static func wanted(connectionsMax: Int) -> Int { connectionsMax * 2 + 256 }
}
