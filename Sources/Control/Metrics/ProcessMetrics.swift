public import Domain
import Glibc

/// What every process can say of itself, under the names that Prometheus's own clients use.
public enum ProcessMetrics {
    /// The metrics as they are now; those that /proc does not give are left out.
    public static func families() -> [MetricFamily] {
        var families = [Self.cpu()]
        if let pages = Self.statm() {
            families.append(
                Self.gauge(
                    "process_resident_memory_bytes", "Memory held in RAM.",
                    Double(pages) * Double(sysconf(Int32(_SC_PAGESIZE)))))
        }
        families.append(Self.gauge("process_open_fds", "Descriptors open.", Double(Self.openDescriptors())))
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            families.append(Self.gauge("process_max_fds", "Descriptors that may be open.", Double(limit.rlim_cur)))
        }
        return families
    }

    private static func cpu() -> MetricFamily {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        let seconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        return MetricFamily(
            name: "process_cpu_seconds_total", help: "User and system time taken.", kind: .counter,
            samples: [.init(value: .number(seconds))])
    }

    private static func gauge(_ name: String, _ help: String, _ value: Double) -> MetricFamily {
        MetricFamily(name: name, help: help, kind: .gauge, samples: [.init(value: .number(value))])
    }

    /// Resident pages: the second number of /proc/self/statm.
    private static func statm() -> Int? {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let fields = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        return fields.count > 1 ? Int(fields[1]) : nil
    }

    /// Entries of /proc/self/fd, without the one that reading it takes, `.` and `..`.
    private static func openDescriptors() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return max(0, count - 3)
    }
}
