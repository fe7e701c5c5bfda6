public import Domain
import Records

extension JournalRecovery {
    /// What should be 0, as metrics; nothing before the first look.
    public func families() -> [MetricFamily] {
        guard let gaps else { return [] }
        func gauge(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
            MetricFamily(name: name, help: help, kind: .gauge, samples: [.init(value: .number(Double(value)))])
        }
        return [
            gauge(
                "tollgate_usage_journals_missing",
                "Journals of gateways that are gone, which nobody has recorded yet. Should be 0.", gaps.journals),
            gauge(
                "tollgate_usage_requests_missing", "Requests in those that were admitted and never ended. Should be 0.",
                gaps.requests),
            gauge(
                "tollgate_usage_units_missing", "Units of usage that found no room in a journal. Should be 0.",
                gaps.units),
        ]
    }
}
