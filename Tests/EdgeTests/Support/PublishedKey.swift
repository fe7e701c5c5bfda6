import Digests
import Domain
import HotStore
import RedisClient
import TestKit

/// An org with one key, published to a Redis as the control plane does.
struct PublishedKey {
    let key: String
    var record: KeyRecord
    var org: OrgRecord

    init(
        plan: String = "FREE", scopes: [String] = [], environment: Domain.Environment = .live, userID: String? = nil,
        orgID: String? = nil
    ) {
        self.key = KeyFormat(brand: "tgk").generate(environment: environment, random: SecureRandom.byte)
        let suffix = HexText.encode(SecureRandom.bytes(8).span)
        let org = orgID ?? "org_\(suffix)"
        self.record = KeyRecord(
            keyID: "key_\(suffix)", lineageID: "key_\(suffix)", orgID: org, userID: userID, environment: environment,
            status: .active, scopes: scopes, expiresAtMs: 0)
        self.org = OrgRecord(orgID: org, plan: plan, status: .active, version: 1)
    }

    /// Writes the records; `change` alters them first, under the next version.
    mutating func publish(to redis: RedisConnection, change: (inout KeyRecord, inout OrgRecord) -> Void = { _, _ in })
        async throws
    {
        change(&self.record, &self.org)
        self.org.version += 1
        let publisher = RecordPublisher(redis: redis, keyspace: Keyspace())
        try await publisher.publish(
            self.org, keys: [(SHA256Digest(of: self.key).hexText, self.record)],
            word: HexText.encode(SecureRandom.bytes(6).span))
    }
}
