import Domain
import HotStore
import PostgresClient
import Records
import RedisClient

/// What one usage hash holds.
struct MeterFields {
    private var fields: [(field: UsageField, text: String, value: String)] = []

    /// Reads the reply of `HGETALL`; fields that are no usage are passed over.
    init(_ reply: RedisValue) {
        let elements = reply.elements ?? []
        for index in stride(from: 0, to: elements.count - 1, by: 2) {
            guard let text = elements[index].text, let value = elements[index + 1].text,
                let field = UsageField(text: text)
            else { continue }
            self.fields.append((field, text, value))
        }
    }

    /// Both halves of each counter, what was added and what was taken back, brought together.
    func counters(orgID: String, epoch: String) -> [UsageCounter] {
        var counters: [UsageField: UsageCounter] = [:]
        for (field, _, value) in self.fields {
            var key = field
            key.isVoid = false
            guard let amount = Int64(value) else { continue }
            var counter =
                counters[key]
                ?? UsageCounter(
                    epoch: epoch, orgID: orgID, apiKeyID: key.keyID, environment: key.environment, meter: key.meter,
                    windowStart: PostgresInstant(unixSeconds: Int64(key.hour) * 3_600), added: 0)
            if field.isVoid { counter.voided = amount } else { counter.added = amount }
            counters[key] = counter
        }
        return Array(counters.values)
    }

    /// Fields of hours before this one, as they were read. What was taken back goes first: were only the other half
    /// gone, the counter would look impossible.
    func oldest(before hour: Int) -> [(field: String, value: String)] {
        self.fields.filter { $0.field.hour < hour }
            .sorted { $0.field.isVoid && !$1.field.isVoid }
            .map { ($0.text, $0.value) }
    }
}
